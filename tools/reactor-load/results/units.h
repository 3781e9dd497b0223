// SPDX-License-Identifier: MIT
// Times, counts and bytes as people read and write them. Knows nothing of what they measure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace reactord::load {

/// "1ms", "250us", "1.5s", "800ns", "2m": in nanoseconds.
[[nodiscard]] std::optional<double> parse_nanoseconds(std::string_view text);

/// "1.23 ms": three digits that count, in the unit that suits.
[[nodiscard]] std::string show_time(double nanoseconds);

/// "1 234 567", thin groups of three; below 100, up to two decimals where there are any.
[[nodiscard]] std::string show_count(double count);

/// "12.3 MiB".
[[nodiscard]] std::string show_bytes(double bytes);

/// "3 s", "2 m 05 s", "1 h 02 m": how long something takes or has taken.
[[nodiscard]] std::string show_span(double seconds);

}  // namespace reactord::load
