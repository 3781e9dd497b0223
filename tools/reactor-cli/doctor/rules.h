// SPDX-License-Identifier: MIT
// Words that rules share. For the files of rules alone.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tools/reactor-cli/doctor/diagnosis.h"

namespace reactord::cli {

inline constexpr std::string_view kOnceIsTooOften = "somebody was turned away: once is told";
inline constexpr std::string_view kNothingToWeigh = "it is so, or it is not";

[[nodiscard]] inline std::optional<Advice> advise(bool fires, std::string says, std::string set) {
  if (!fires) return std::nullopt;
  return Advice{std::move(says), std::move(set)};
}

/// Fires where the sum of what it reads is not 0.
[[nodiscard]] constexpr Rule counting(std::string_view id, Severity severity,
                                      std::string_view reads, std::string_view because,
                                      Happened happened) {
  return {id, severity, reads, because, nullptr, happened};
}

/// 0 where it is no number.
[[nodiscard]] inline double number(const Figures& figures, std::string_view name) {
  return figures.number_or(name, 0);
}

/// A count as text: "1 client", "12 clients".
[[nodiscard]] inline std::string counted(double count, std::string_view noun) {
  return fmt::format("{:.0f} {}{}", count, noun, count == 1 ? "" : "s");
}

/// How much of a limit is used; 0 without a limit.
[[nodiscard]] inline double share(double used, double limit) {
  return limit > 0 ? used / limit : 0;
}

}  // namespace reactord::cli
