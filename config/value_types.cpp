// SPDX-License-Identifier: MIT
#include "config/value_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <vector>

#include "config/text/suggest.h"
#include "config/text/toml_text.h"

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

constexpr std::string_view kRateForm = "\"100/s\", \"30/m\", \"1000/h\" or \"off\"";
constexpr std::string_view kByteRateForm = "\"1MiB/s\", \"100MiB/m\" or \"off\"";
/// A nanosecond each.
constexpr std::uint64_t kMaxRate = 1'000'000'000;
constexpr std::uint64_t kMaxByteRate = std::uint64_t{1} << 40;

struct RateUnit {
  std::string_view word;
  std::chrono::seconds period;
};
constexpr RateUnit kRateUnits[] = {
    {"s", std::chrono::seconds(1)}, {"m", std::chrono::minutes(1)}, {"h", std::chrono::hours(1)}};

std::string_view unit_of(std::chrono::seconds period) {
  for (const RateUnit& unit : kRateUnits)
    if (unit.period == period) return unit.word;
  return "s";
}

/// `count` is what stands in front of the slash; empty for "off" and 0.
std::string split_rate(const ConfigValue& value, std::string_view form, std::string_view& count,
                       std::chrono::seconds& period) {
  if (const auto* number = std::get_if<std::int64_t>(&value); number != nullptr && *number == 0)
    return {};
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return not_text(form, value);
  if (*text == "off") return {};
  const std::string_view whole = *text;
  const std::size_t slash = whole.find('/');
  for (const RateUnit& unit : kRateUnits) {
    if (slash == std::string_view::npos || slash == 0 || whole.substr(slash + 1) != unit.word)
      continue;
    count = whole.substr(0, slash);
    period = unit.period;
    return {};
  }
  return not_text(form, value);
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

std::string ValueTraits<Rate>::parse(const ConfigValue& value, const ValueRange&, Rate& out) {
  std::string_view count;
  Rate rate;
  if (std::string problem = split_rate(value, kRateForm, count, rate.period);
      !problem.empty() || count.empty()) {
    out = {};
    return problem;
  }
  const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), rate.count);
  if (error != std::errc() || end != count.data() + count.size() || rate.count == 0 ||
      rate.count > kMaxRate)
    return fmt::format("expected {} with a number from 1 to {}, found {}", kRateForm, kMaxRate,
                       describe(value));
  out = rate;
  return {};
}

ConfigValue ValueTraits<Rate>::show(const Rate& value) {
  return value.count == 0 ? "off" : fmt::format("{}/{}", value.count, unit_of(value.period));
}

std::string ValueTraits<ByteRate>::parse(const ConfigValue& value, const ValueRange&,
                                         ByteRate& out) {
  std::string_view size;
  ByteRate rate;
  if (std::string problem = split_rate(value, kByteRateForm, size, rate.rate.period);
      !problem.empty() || size.empty()) {
    out = {};
    return problem;
  }
  if ('0' <= size.back() && size.back() <= '9')
    return fmt::format("expected {}: {} has no unit", kByteRateForm, shown(size));
  ByteCount bytes;
  const ValueRange range = size_range({1}, {kMaxByteRate});
  if (std::string problem = ValueTraits<ByteCount>::parse(std::string(size), range, bytes);
      !problem.empty())
    return problem;
  rate.rate.count = bytes.bytes;
  out = rate;
  return {};
}

ConfigValue ValueTraits<ByteRate>::show(const ByteRate& value) {
  if (value.rate.count == 0) return "off";
  return fmt::format("{}/{}", plain_text(ValueTraits<ByteCount>::show({value.rate.count})),
                     unit_of(value.rate.period));
}

std::string ValueTraits<PeerBlock>::parse(const ConfigValue& value, const ValueRange& range,
                                          PeerBlock& out) {
  out = {};
  const auto* text = std::get_if<std::string>(&value);
  out.is_unix = text != nullptr && *text == "unix";
  return out.is_unix ? "" : ValueTraits<IpNetwork>::parse(value, range, out.network);
}

ConfigValue ValueTraits<PeerBlock>::show(const PeerBlock& value) {
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
