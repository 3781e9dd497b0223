// SPDX-License-Identifier: MIT
// Durations as people write them on the command line.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace reactord::cli {

/// What parse_duration() takes, for error messages.
inline constexpr std::string_view kDurationForms =
    "a whole number and a unit, such as 500ms, 2s, 1m or 1h (at most 24h)";

/// Reads "500ms", "2s", "1m", "1h", and "0"; nothing on anything else or beyond 24 hours.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Writes it as parse_duration() reads it, in the largest unit that is exact: "90s", "500ms".
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

}  // namespace reactord::cli
