// SPDX-License-Identifier: MIT
// From a seed to a script: which clients come, and which settings, faults and signals go with them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/script/script.h"

namespace simulation {

[[nodiscard]] Script script_of(std::uint64_t seed);

/// For so many days: a few clients that stay all the time, and others that come every few hours.
/// The machine was started not long before.
[[nodiscard]] Script script_of_days(std::int64_t days);

/// All features that scripts may have, of which every pair must occur in many seeds.
[[nodiscard]] std::vector<std::string> all_features();

}  // namespace simulation
