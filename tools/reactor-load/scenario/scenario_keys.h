// SPDX-License-Identifier: MIT
// The keys of a scenario's tables, declared once: their names, types, ranges and what they do. From
// the list come the loader's checks and suggestions and `reactor-load --keys`.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "tools/reactor-load/scenario/scenario.h"

namespace reactord {

template <>
struct EnumWords<load::Wire> {
  static constexpr std::array kWords{EnumWord<load::Wire>{"resp", load::Wire::resp},
                                     EnumWord<load::Wire>{"line", load::Wire::line},
                                     EnumWord<load::Wire>{"raw", load::Wire::raw}};
};
template <>
struct EnumWords<load::Arrivals> {
  static constexpr std::array kWords{EnumWord<load::Arrivals>{"even", load::Arrivals::even},
                                     EnumWord<load::Arrivals>{"random", load::Arrivals::random}};
};

/// "10ms", or "10ms..50ms".
template <>
struct ValueTraits<load::DurationRange> {
  static constexpr std::string_view kName = "duration, or a range of them";
  static std::string parse(const ConfigValue& value, const ValueRange& range,
                           load::DurationRange& out);
  static ConfigValue show(const load::DurationRange& value);
};

template <>
struct ValueTraits<load::Threshold> {
  static constexpr std::string_view kName = "threshold";
  static constexpr std::string_view kListName = "a threshold or a list of thresholds";
  static std::string parse(const ConfigValue& value, const ValueRange& range, load::Threshold& out);
  static ConfigValue show(const load::Threshold& value);
};

}  // namespace reactord

namespace reactord::load {

/// A step as the file has it, before it is known to make sense.
struct StepTexts {
  std::vector<std::string> send;
  std::string bytes;
  std::string expect;
  std::string name;
  std::int64_t times = 1;
  std::int64_t weight = 1;
  DurationRange think;
  milliseconds await_close{0};
  ByteCount piece;
  milliseconds every{0};
  std::int64_t repeat = 1;
  bool read = true;
  bool is_so = true;  ///< of the keys that say nothing more: connect = true
};

[[nodiscard]] std::span<const KeySpec> run_keys();
[[nodiscard]] std::span<const KeySpec> group_keys();
[[nodiscard]] std::span<const KeySpec> step_keys();

/// All of them with what they do, for people.
[[nodiscard]] std::string describe_keys();

}  // namespace reactord::load
