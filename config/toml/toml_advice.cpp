// SPDX-License-Identifier: MIT
#include "config/toml/toml_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace reactord {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::string_view kDigits = "0123456789";
/// The one table of which there may be several.
constexpr std::string_view kSeveral = "listener";
/// A longer key is none of ours, and would fill the message.
constexpr std::size_t kMaxKeyBytes = 64;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return text.substr(text.size());
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

bool consists_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

/// What a key is made of where it has no quotes.
bool is_bare_key(std::string_view text) {
  if (text.empty() || text.size() > kMaxKeyBytes) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

std::vector<std::string_view> lines_of(std::string_view toml) {
  std::vector<std::string_view> lines;
  while (!toml.empty()) {
    const std::size_t end = std::min(toml.find('\n'), toml.size() - 1);
    lines.push_back(toml.substr(0, end + (toml[end] == '\n' ? 0 : 1)));
    toml.remove_prefix(end + 1);
  }
  return lines;
}

/// "name" of "[name]" and "[[name]]"; empty for other lines.
std::string_view table_of(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with('[')) return {};
  const std::size_t begin = line.find_first_not_of('[');
  if (begin == std::string_view::npos) return {};
  return trimmed(line.substr(begin, line.find(']') - begin));
}

/// "key" of "key = ..."; empty for other lines.
std::string_view key_of(std::string_view line) {
  const std::string_view key = trimmed(line.substr(0, line.find('=')));
  return line.find('=') != std::string_view::npos && is_bare_key(key) ? key : std::string_view();
}

/// A value without quotes, up to its comment.
std::string_view bare_value(std::string_view text) {
  return trimmed(text.substr(0, text.find('#')));
}

bool ends_in_quote(std::string_view text, char quote) {
  return text.size() > 1 && text.find(quote, 1) != std::string_view::npos;
}

/// Of a value that is too long to be repeated, the form alone.
std::string with_quotes(std::string_view key, std::string_view value) {
  constexpr std::size_t kMostRepeated = 64;
  return fmt::format("{} = {}", key, value.size() > kMostRepeated ? "\"...\"" : toml_string(value));
}

std::string unquoted_value(std::string_view key, std::string_view value) {
  constexpr std::array<std::string_view, 8> kFlags{"yes",  "no",    "on",   "off",
                                                   "True", "False", "TRUE", "FALSE"};
  const std::string quoted = with_quotes(key, value);
  if (consists_of(value, "0123456789.,_'")) {
    std::string digits;
    std::copy_if(value.begin(), value.end(), std::back_inserter(digits),
                 [](char c) { return kDigits.find(c) != std::string_view::npos; });
    const bool is_number = !digits.empty() && value.find('.') == std::string_view::npos;
    const bool has_zero = digits.size() > 1 && digits.front() == '0';
    if (is_number && has_zero)
      return fmt::format("no number begins with 0; permission bits are a text: {}", quoted);
    if (is_number) return fmt::format("a number has digits alone: {} = {}", key, digits);
  }
  if (std::find(kFlags.begin(), kFlags.end(), value) != kFlags.end() && value != "off")
    return fmt::format("write true or false in small letters, or a text in quotes: {}", quoted);
  return fmt::format("a text stands in quotes: {}", quoted);
}

/// Whether a list has something that is neither quoted nor a number.
bool has_bare_items(std::string_view list) {
  char quote = 0;
  for (const char c : list) {
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      return false;
    } else if (kBlanks.find(c) == std::string_view::npos && c != '[' && c != ']' && c != ',') {
      return true;
    }
  }
  return false;
}

std::string advice_on_list(std::string_view key, std::string_view list) {
  if (has_bare_items(list))
    return fmt::format("the items of a list stand in quotes: {} = [\"...\", \"...\"]", key);
  if (list.find(']') == std::string_view::npos)
    return fmt::format("the list {} is not closed: {} = [\"...\", \"...\"]", key, key);
  return fmt::format("the items of a list are separated by commas: {} = [\"...\", \"...\"]", key);
}

std::string advice_on_value(std::string_view key, std::string_view value) {
  if (value.empty() || value.front() == '#')
    return fmt::format("{0} has no value: write {0} = ..., or leave the line out", key);
  const char first = value.front();
  if (first == '{') return {};
  if (first == '[') return advice_on_list(key, value);
  if (first != '"' && first != '\'') return unquoted_value(key, bare_value(value));
  if (!ends_in_quote(value, first)) return fmt::format("the closing quote of {} is missing", key);
  if (first == '"' && value.find('\\') != std::string_view::npos)
    return fmt::format(
        "a backslash in double quotes is written twice; or write {} in single quotes", key);
  return {};
}

class Adviser {
 public:
  Adviser(std::string_view toml, TextPosition stopped_at)
      : lines_(lines_of(toml)), at_(stopped_at) {}

  TomlAdvice advise() {
    if (at_.line < 1 || static_cast<std::size_t>(at_.line) > lines_.size()) return {at_, {}};
    const std::string_view line = trimmed(current());
    if (line.starts_with("//") || line.starts_with(';') || line.starts_with("--"))
      return here("a comment begins with #");
    if (line.starts_with('[')) return advise_on_table();
    return advise_on_key();
  }

 private:
  [[nodiscard]] std::string_view current() const { return line(at_.line); }
  [[nodiscard]] std::string_view line(int number) const {
    return lines_[static_cast<std::size_t>(number) - 1];
  }
  [[nodiscard]] TomlAdvice here(std::string message) const { return {at_, std::move(message)}; }

  /// The first line above this one that says so, from `first` on.
  template <class Says>
  [[nodiscard]] std::optional<int> find_above(int first, Says says) const {
    for (int number = first; number < at_.line; ++number)
      if (says(line(number))) return number;
    return std::nullopt;
  }

  [[nodiscard]] TomlAdvice advise_on_table() const {
    const std::string_view header = trimmed(current());
    const std::string_view name = table_of(header);
    const bool is_double = header.starts_with("[[");
    if (!is_bare_key(name)) return {at_, {}};
    if (header.find(is_double ? "]]" : "]") == std::string_view::npos)
      return here(fmt::format("the brackets are not closed: write {}{}{}", is_double ? "[[" : "[",
                              name, is_double ? "]]" : "]"));
    const std::optional<int> earlier =
        find_above(1, [&](std::string_view other) { return table_of(other) == name; });
    if (!earlier) return {at_, {}};
    // The single brackets are wrong, wherever they are.
    if (name == kSeveral)
      return {trimmed(line(*earlier)).starts_with("[[") ? at_ : TextPosition{*earlier, 1},
              fmt::format("there may be several: write [[{}]] in double brackets", name)};
    return here(
        fmt::format("the table [{}] begins in line {} already: its keys go there", name, *earlier));
  }

  [[nodiscard]] TomlAdvice advise_on_key() const {
    const std::string_view text = current();
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return advise_on_missing_equals();
    const std::string_view key = key_of(text);
    if (key.empty()) return {at_, {}};
    if (const std::optional<int> earlier = find_same_key(key))
      return here(fmt::format("{} is set in line {} already", key, *earlier));
    const std::string_view value = trimmed(text.substr(equals + 1));
    std::string message = advice_on_value(key, value);
    if (message.empty()) return {at_, {}};
    const std::size_t offset =
        value.empty() ? equals : static_cast<std::size_t>(value.data() - text.data());
    return {{at_.line, position_of(text, offset).column}, std::move(message)};
  }

  [[nodiscard]] TomlAdvice advise_on_missing_equals() const {
    const std::string_view text = trimmed(current());
    const std::size_t end = text.find_first_of(" \t:");
    const std::string_view key = text.substr(0, end);
    if (end == std::string_view::npos || !is_bare_key(key)) return {at_, {}};
    return here(fmt::format("between a key and its value stands '=': {} = ...", key));
  }

  /// In the same table.
  [[nodiscard]] std::optional<int> find_same_key(std::string_view key) const {
    int begin = at_.line;
    while (begin > 1 && table_of(line(begin - 1)).empty()) --begin;
    return find_above(begin, [&](std::string_view other) { return key_of(other) == key; });
  }

  std::vector<std::string_view> lines_;
  TextPosition at_;
};

}  // namespace

TomlAdvice advise_on_toml(std::string_view toml, TextPosition stopped_at) {
  return Adviser(toml, stopped_at).advise();
}

}  // namespace reactord
