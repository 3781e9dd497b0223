// SPDX-License-Identifier: MIT
#include "tests/simulation/model/reply_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

namespace simulation {

namespace {

constexpr std::string_view kPlainError = "(error) ";

class RespReader {
 public:
  explicit RespReader(std::string_view input) : input_(input) {}

  std::optional<ReadReply> read() {
    ReadReply reply;
    reply.is_push = input_.starts_with('>');
    if (!read_value(reply.text)) return std::nullopt;
    reply.bytes = at_;
    return reply;
  }

 private:
  /// Without its CR LF; nothing if it is not whole.
  std::optional<std::string_view> line() {
    const std::size_t end = input_.find("\r\n", at_);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view found = input_.substr(at_, end - at_);
    at_ = end + 2;
    return found;
  }

  bool read_value(std::string& into) {
    const std::optional<std::string_view> head = line();
    if (!head) return false;
    if (head->empty()) throw std::runtime_error("an empty line where a reply begins");
    const std::string_view rest = head->substr(1);
    switch (head->front()) {
      case '+':
      case ':':
      case ',':
      case '(':
        into += rest;
        return true;
      case '#':
        into += rest == "t" ? "1" : "0";
        return true;
      case '-':
        into += "!";
        into += rest;
        return true;
      case '_':
        into += "(nil)";
        return true;
      case '$':
        return read_bulk(number(rest), 0, into);
      case '=':
        return read_bulk(number(rest), 4, into);
      case '*':
      case '~':
        return read_list(number(rest), into);
      case '%':
        return read_list(2 * number(rest), into);
      case '>':
        into += '>';
        return read_list(number(rest), into);
      default:
        throw std::runtime_error(fmt::format("'{}' begins no reply", head->front()));
    }
  }

  static long number(std::string_view text) {
    long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
      throw std::runtime_error(fmt::format("'{}' is no number", text));
    return value;
  }

  bool read_bulk(long length, std::size_t prefix, std::string& into) {
    if (length < 0) {
      into += "(nil)";
      return true;
    }
    const auto size = static_cast<std::size_t>(length);
    if (input_.size() - at_ < size + 2) return false;
    if (input_.substr(at_ + size, 2) != "\r\n")
      throw std::runtime_error("a string that does not end where it says");
    into += input_.substr(at_ + prefix, size - prefix);
    at_ += size + 2;
    return true;
  }

  bool read_list(long length, std::string& into) {
    into += '[';
    for (long i = 0; i < length; ++i) {
      if (i > 0) into += '|';
      if (!read_value(into)) return false;
    }
    into += ']';
    return true;
  }

  std::string_view input_;
  std::size_t at_ = 0;
};

std::string plain_scalar(std::string_view line) {
  if (line.starts_with(kPlainError)) return fmt::format("!{}", line.substr(kPlainError.size()));
  return std::string(line);
}

/// An error is one line, also where a list was asked for.
std::optional<ReadReply> read_plain(std::string_view input, bool is_list) {
  std::size_t end = input.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view first = input.substr(0, end);
  if (!is_list || first.starts_with(kPlainError)) return ReadReply{plain_scalar(first), end + 1};
  ReadReply reply{"[", 0};
  while (true) {
    end = input.find('\n', reply.bytes);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = input.substr(reply.bytes, end - reply.bytes);
    reply.bytes = end + 1;
    if (line.empty()) break;
    if (reply.text.size() > 1) reply.text += '|';
    reply.text += plain_scalar(line);
  }
  reply.text += ']';
  return reply;
}

}  // namespace

std::optional<ReadReply> read_reply(std::string_view input, Encoding encoding, bool is_list) {
  if (input.empty()) return std::nullopt;
  switch (encoding) {
    case Encoding::resp:
      return RespReader(input).read();
    case Encoding::plain:
      return read_plain(input, is_list);
    case Encoding::raw:
      return ReadReply{std::string(input), input.size()};
  }
  return std::nullopt;
}

}  // namespace simulation
