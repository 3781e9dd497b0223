// SPDX-License-Identifier: MIT
#include "config/value_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "config/suggest.h"
#include "config/toml_text.h"

namespace reactord {
namespace {

constexpr std::string_view kByAddress = "by_address";
constexpr std::string_view kAll = "all";

struct CommandClassWord {
  std::string_view word;
  bool AllowedCommands::*flag;
};
constexpr CommandClassWord kClasses[] = {
    {"public", &AllowedCommands::public_commands},
    {"introspection", &AllowedCommands::introspection},
    {"admin", &AllowedCommands::admin},
};

std::string not_text(std::string_view form, const ConfigValue& value) {
  return fmt::format("expected {}, found {}", form, describe(value));
}

std::string allow_class(const std::string& word, AllowedCommands& out) {
  for (const CommandClassWord& known : kClasses) {
    if (word != known.word) continue;
    out.*known.flag = true;
    return {};
  }
  if (word == kByAddress || word == kAll) {
    return fmt::format("\"{}\" stands alone, not in a list with others", word);
  }
  constexpr std::array<std::string_view, 5> kWords{kByAddress, kAll, "public", "introspection",
                                                   "admin"};
  return fmt::format("{} is no class of commands: expected {}{}", shown(word),
                     ValueTraits<AllowedCommands>::kName, suggestion(word, kWords));
}

}  // namespace

std::string ValueTraits<Endpoint>::parse(const ConfigValue& value, const ValueRange&,
                                         Endpoint& out) {
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? not_text("an address in quotes", value) : parse_endpoint(*text, out);
}

ConfigValue ValueTraits<Endpoint>::show(const Endpoint& value) {
  return to_string(value);
}

std::string ValueTraits<IpNetwork>::parse(const ConfigValue& value, const ValueRange&,
                                          IpNetwork& out) {
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? not_text("an address block in quotes", value)
                         : parse_network(*text, out);
}

ConfigValue ValueTraits<IpNetwork>::show(const IpNetwork& value) {
  return to_string(value);
}

std::string ValueTraits<ProxySender>::parse(const ConfigValue& value, const ValueRange& range,
                                            ProxySender& out) {
  out = {};
  const auto* text = std::get_if<std::string>(&value);
  out.is_unix = text != nullptr && *text == "unix";
  return out.is_unix ? "" : ValueTraits<IpNetwork>::parse(value, range, out.network);
}

ConfigValue ValueTraits<ProxySender>::show(const ProxySender& value) {
  return value.is_unix ? "unix" : to_string(value.network);
}

std::string ValueTraits<FileMode>::parse(const ConfigValue& value, const ValueRange&,
                                         FileMode& out) {
  constexpr std::string_view kForm = "three or four octal digits in quotes, such as \"0660\"";
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return not_text(kForm, value);
  const bool octal =
      std::all_of(text->begin(), text->end(), [](char c) { return c >= '0' && c <= '7'; });
  if (!octal || text->size() < 3 || text->size() > 4) return not_text(kForm, value);
  std::uint32_t bits = 0;
  for (const char digit : *text) bits = bits * 8 + static_cast<std::uint32_t>(digit - '0');
  if (bits > 0777) return fmt::format("{} is more than 0777, the permission bits", shown(*text));
  out.bits = bits;
  return {};
}

ConfigValue ValueTraits<FileMode>::show(const FileMode& value) {
  return fmt::format("{:04o}", value.bits);
}

std::string ValueTraits<AllowedCommands>::parse(const ConfigValue& value, const ValueRange&,
                                                AllowedCommands& out) {
  std::vector<std::string> buffer;
  const std::vector<std::string>* words = detail::items_of(value, buffer);
  if (words == nullptr) return not_text(kName, value);
  if (words->empty())
    return "the list must not be empty: a listener without commands serves nobody";
  AllowedCommands allowed{false, false, false, false};
  const std::string& first = words->front();
  if (words->size() == 1 && first == kByAddress) {
    allowed = AllowedCommands{};
  } else if (words->size() == 1 && first == kAll) {
    allowed = AllowedCommands{false, true, true, true};
  } else {
    for (const std::string& word : *words) {
      if (std::string problem = allow_class(word, allowed); !problem.empty()) return problem;
    }
  }
  out = allowed;
  return {};
}

ConfigValue ValueTraits<AllowedCommands>::show(const AllowedCommands& value) {
  if (value.by_address) return std::string(kByAddress);
  std::vector<std::string> words;
  for (const CommandClassWord& known : kClasses) {
    if (value.*known.flag) words.emplace_back(known.word);
  }
  if (words.size() == std::size(kClasses)) return std::string(kAll);
  return words;
}

}  // namespace reactord
