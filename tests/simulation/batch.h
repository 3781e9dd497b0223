// SPDX-License-Identifier: MIT
// Many seeds, each in a process of its own, some of them twice: their traces must be the same.
#pragma once

#include <cstdint>

namespace simulation {

/// New seeds from `first` on, for so long.
[[nodiscard]] int play_for(std::uint64_t first, std::uint64_t seconds);

/// Whether to go on where a seed has failed.
enum class AfterFailure : std::uint8_t { go_on, end };

/// Prints what failed, and a summary; the exit status.
[[nodiscard]] int play_seeds(std::uint64_t first, std::uint64_t count, AfterFailure after);

}  // namespace simulation
