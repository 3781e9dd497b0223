// SPDX-License-Identifier: MIT
#include "protocol/framing/inline_line.h"

#include <optional>

namespace reactord {
namespace {

// Between words every blank is skipped, but \v and \f do not end a word: so does Redis.
bool is_blank(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}
bool ends_word(char byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}
bool is_quote(char byte) {
  return byte == '"' || byte == '\'';
}
bool is_not_blank(char byte) {
  return !is_blank(byte);
}
bool ends_word_or_quotes(char byte) {
  return ends_word(byte) || is_quote(byte);
}

// The position from `at` on of the first byte that `matches`, or the line's size.
template <typename Matches>
std::size_t find(std::string_view line, std::size_t at, Matches matches) {
  while (at < line.size() && !matches(line[at])) ++at;
  return at;
}

// "\r\0" is how telnet writes the Enter key (RFC 854, "The NVT Printer"): its NUL is no word.
bool is_end_of_telnet_line(std::string_view line, std::size_t at) {
  return at > 0 && at < line.size() && line[at] == '\0' && line[at - 1] == '\r';
}

std::size_t skip_blanks(std::string_view line, std::size_t at) {
  at = find(line, at, is_not_blank);
  while (is_end_of_telnet_line(line, at)) at = find(line, at + 1, is_not_blank);
  return at;
}

std::optional<unsigned> hex_digit(char byte) {
  if (byte >= '0' && byte <= '9') return static_cast<unsigned>(byte - '0');
  if (byte >= 'a' && byte <= 'f') return static_cast<unsigned>(byte - 'a' + 10);
  if (byte >= 'A' && byte <= 'F') return static_cast<unsigned>(byte - 'A' + 10);
  return std::nullopt;
}

char unescaped(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return letter;
  }
}

// Decodes the escape whose backslash is at `at`, inside double quotes; returns the position behind
// it.
std::size_t decode_escape(std::string_view line, std::size_t at, std::string& decoded) {
  if (line[at + 1] == 'x' && at + 3 < line.size()) {
    const auto high = hex_digit(line[at + 2]);
    const auto low = hex_digit(line[at + 3]);
    if (high && low) {
      decoded.push_back(static_cast<char>(*high << 4 | *low));
      return at + 4;
    }
  }
  decoded.push_back(unescaped(line[at + 1]));
  return at + 2;
}

// Decodes from the opening quote at `at` to its closing quote; returns the position behind that, or
// npos where it is missing or is followed by something other than a blank.
std::size_t decode_quoted(std::string_view line, std::size_t at, std::string& decoded) {
  const char quote = line[at++];
  while (at < line.size() && line[at] != quote) {
    const bool escape = line[at] == '\\' && at + 1 < line.size();
    if (escape && quote == '"') {
      at = decode_escape(line, at, decoded);
    } else if (escape && line[at + 1] == '\'') {
      decoded.push_back('\'');
      at += 2;
    } else {
      decoded.push_back(line[at++]);
    }
  }
  const bool closed = at < line.size() && (at + 1 == line.size() || is_blank(line[at + 1]));
  return closed ? at + 1 : line.npos;
}

// Decodes the word from `start` whose first quote is at `quote`; the closing quote ends the word.
std::size_t decode_word(std::string_view line, std::size_t start, std::size_t quote,
                        std::vector<std::string_view>& arguments, std::string& decoded) {
  if (decoded.empty()) decoded.reserve(line.size());
  const std::size_t offset = decoded.size();
  decoded.append(line, start, quote - start);
  const std::size_t end = decode_quoted(line, quote, decoded);
  arguments.push_back(std::string_view(decoded).substr(offset));
  return end;
}

}  // namespace

bool has_telnet_command(std::string_view line) {
  constexpr char kIac = '\xff';
  constexpr unsigned char kFirstCommand = 0xf0;  // SE
  for (std::size_t at = line.find(kIac); at != line.npos; at = line.find(kIac, at + 1))
    if (at + 1 < line.size() && static_cast<unsigned char>(line[at + 1]) >= kFirstCommand)
      return true;
  return false;
}

FirstWord split_first_word(std::string_view line) {
  const std::size_t start = skip_blanks(line, 0);
  if (start == line.size() || is_quote(line[start])) return {};
  const std::size_t end = find(line, start, ends_word);
  if (end == line.size()) return {line.substr(start), {}, false};
  return {line.substr(start, end - start), line.substr(end + 1), true};
}

SplitStatus split_inline(std::string_view line, std::size_t max_arguments,
                         std::vector<std::string_view>& arguments, std::string& decoded) {
  decoded.clear();
  std::size_t room = max_arguments;
  for (std::size_t at = skip_blanks(line, 0); at < line.size(); at = skip_blanks(line, at)) {
    if (room-- == 0) return SplitStatus::too_many_arguments;
    const std::size_t end = find(line, at, ends_word_or_quotes);
    if (end == line.size() || !is_quote(line[end])) {
      arguments.push_back(line.substr(at, end - at));
      at = end;
    } else {
      at = decode_word(line, at, end, arguments, decoded);
      if (at == line.npos) return SplitStatus::unbalanced_quotes;
    }
  }
  return SplitStatus::ok;
}

}  // namespace reactord
