// SPDX-License-Identifier: MIT
// How a simulation ends where something did not hold: at once, with the rule that was broken.
#pragma once

#include <string>
#include <string_view>

namespace simulation {

/// Says so on standard output ("FAILED rule: what"), with the moment, and ends the process.
[[noreturn]] void fail(std::string_view rule, const std::string& what);

/// The exit status of fail().
inline constexpr int kFailed = 9;

}  // namespace simulation
