// SPDX-License-Identifier: MIT
#include "config/text/toml_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace reactord {
namespace {

constexpr std::size_t kMaxShownBytes = 64;
constexpr std::size_t kMaxListLineBytes = 80;

unsigned char byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

bool is_continuation(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

/// Well-formed second bytes after a lead byte (Unicode, table 3-7).
bool second_byte_fits(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xe0:
      return second >= 0xa0 && second <= 0xbf;
    case 0xed:
      return second >= 0x80 && second <= 0x9f;
    case 0xf0:
      return second >= 0x90 && second <= 0xbf;
    case 0xf4:
      return second >= 0x80 && second <= 0x8f;
  }
  return is_continuation(second);
}

/// Bytes of the character at `i`, or 0 when there is no well-formed one.
std::size_t character_bytes(std::string_view text, std::size_t i) {
  const unsigned char lead = byte_at(text, i);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const std::size_t bytes = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (text.size() - i < bytes || !second_byte_fits(lead, byte_at(text, i + 1))) return 0;
  for (std::size_t k = 2; k < bytes; ++k) {
    if (!is_continuation(byte_at(text, i + k))) return 0;
  }
  return bytes;
}

/// Skips TOML's strings and comments the way a parser would. Where a text is malformed the two may
/// differ, but only behind the point where the parser has stopped.
class KeyDepthScanner {
 public:
  explicit KeyDepthScanner(std::string_view toml) : toml_(toml) {}

  std::optional<std::size_t> find() {
    while (at_ < toml_.size()) {
      if (!step()) return at_;
    }
    return std::nullopt;
  }

 private:
  bool step() {
    switch (toml_[at_]) {
      case '#':
        skip_to_line_end();
        return true;
      case '"':
      case '\'':
        skip_string(toml_[at_]);
        return true;
      case '.':
        if (++dots_ >= kMaxKeyParts) return false;
        break;
      case '\n':
      case '=':
      case ',':
      case '[':
      case ']':
      case '{':
      case '}':
        dots_ = 0;
        break;
    }
    ++at_;
    return true;
  }

  void skip_to_line_end() {
    while (at_ < toml_.size() && toml_[at_] != '\n') ++at_;
  }

  void skip_string(char quote) {
    const std::string fence(3, quote);
    if (toml_.substr(at_, 3) == fence) {
      skip_long_string(quote, fence);
    } else {
      skip_short_string(quote);
    }
  }

  void skip_short_string(char quote) {
    for (++at_; at_ < toml_.size() && toml_[at_] != '\n'; ++at_) {
      if (toml_[at_] == quote) {
        ++at_;
        return;
      }
      if (toml_[at_] == '\\' && quote == '"' && at_ + 1 < toml_.size()) ++at_;
    }
  }

  void skip_long_string(char quote, std::string_view fence) {
    at_ += fence.size();
    while (at_ < toml_.size() && toml_.substr(at_, 3) != fence) {
      at_ += toml_[at_] == '\\' && quote == '"' ? std::size_t{2} : std::size_t{1};
    }
    at_ += fence.size();
    // Up to two quotes may stand before the closing three.
    for (int extra = 0; extra < 2 && at_ < toml_.size() && toml_[at_] == quote; ++extra) ++at_;
  }

  std::string_view toml_;
  std::size_t at_ = 0;
  std::size_t dots_ = 0;
};

/// Appends the character at `i`, escaped where it must be; `quote` is the one to escape.
void append_escaped(std::string& out, std::string_view character, char quote) {
  const unsigned char first = byte_at(character, 0);
  const bool c1 = first == 0xc2 && character.size() > 1 && byte_at(character, 1) < 0xa0;
  switch (character[0]) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\\':
      out += "\\\\";
      return;
  }
  if (character[0] == quote) {
    out += {'\\', quote};
  } else if (first < 0x20 || first == 0x7f) {
    out += fmt::format("\\u{:04X}", first);
  } else if (c1) {
    out += fmt::format("\\u{:04X}", byte_at(character, 1));
  } else {
    out += character;
  }
}

/// Not UTF-8 can only come from outside a file (a command line); such a byte is shown as U+FFFD.
void append_all_escaped(std::string& out, std::string_view text, char quote,
                        std::size_t max_bytes) {
  for (std::size_t i = 0; i < text.size();) {
    if (i >= max_bytes) {
      out += "...";
      return;
    }
    const std::size_t bytes = character_bytes(text, i);
    if (bytes == 0) {
      out += "\uFFFD";
    } else {
      append_escaped(out, text.substr(i, bytes), quote);
    }
    i += bytes == 0 ? 1 : bytes;
  }
}

std::string toml_list(const std::vector<std::string>& items) {
  std::string line = "[";
  for (const std::string& item : items) {
    if (line.size() > 1) line += ", ";
    line += toml_string(item);
  }
  line += "]";
  if (line.size() <= kMaxListLineBytes) return line;
  std::string lines = "[\n";
  for (const std::string& item : items) lines += "  " + toml_string(item) + ",\n";
  return lines + "]";
}

}  // namespace

TextPosition position_of(std::string_view text, std::size_t offset) {
  TextPosition position{1, 1};
  for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++position.line;
      position.column = 1;
    } else if (!is_continuation(byte_at(text, i))) {
      ++position.column;
    }
  }
  return position;
}

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t bytes = character_bytes(text, i);
    if (bytes == 0) return i;
    i += bytes;
  }
  return std::nullopt;
}

std::optional<std::size_t> find_too_deep_key(std::string_view toml) {
  return KeyDepthScanner(toml).find();
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  append_all_escaped(out, text, '"', text.size());
  return out + "\"";
}

std::string toml_value(const ConfigValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return toml_string(*text);
  return toml_list(std::get<std::vector<std::string>>(value));
}

std::string on_one_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('\\'), text.size());
    append_all_escaped(out, text.substr(0, plain), '\0', plain);
    if (plain < text.size()) out += '\\';
    text.remove_prefix(std::min(plain + 1, text.size()));
  }
  return out;
}

std::string shown(std::string_view text) {
  std::string out = "'";
  append_all_escaped(out, text, '\'', kMaxShownBytes);
  return out + "'";
}

}  // namespace reactord
