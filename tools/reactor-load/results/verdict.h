// SPDX-License-Identifier: MIT
// Thresholds: "p99 < 1ms", "errors == 0", "rate > 50000", 'closed "idle" >= 100'. Reads them and
// holds them against figures. Knows nothing of how the figures came about.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace reactord::load {

struct Threshold {
  enum class Operator : std::uint8_t { less, at_most, more, at_least, equal, unequal };
  std::string source;   ///< as it was written
  std::string group;    ///< of which group; empty: of all that are not hostile
  std::string metric;   ///< "p99", "errors", ...
  std::string command;  ///< "p99 of CEIL": of one command alone
  std::string quoted;   ///< closed "TEXT": closes whose last words contain it
  Operator op = Operator::less;
  double bound = 0;  ///< durations are in nanoseconds
};

/// Reads METRIC [of COMMAND] OPERATOR VALUE. Returns the problem, or "" after filling `out`.
[[nodiscard]] std::string parse_threshold(std::string_view text, Threshold& out);

/// Nothing holds for NaN, which is what was never measured.
[[nodiscard]] bool holds(const Threshold& threshold, double value);

/// The value as the threshold's metric is written: "1.2 ms", "50000".
[[nodiscard]] std::string show_value(const Threshold& threshold, double value);

/// A threshold and what was found.
struct Judgement {
  Threshold threshold;
  double value = 0;
  bool passed = false;
};

}  // namespace reactord::load
