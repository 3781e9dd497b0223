// SPDX-License-Identifier: MIT
// What a run ran on, for its report.
#pragma once

#include <string>

namespace reactord::load {

struct Machine {
  std::string host;
  std::string processor;
  unsigned cores = 0;
  std::string memory;
  std::string system;  ///< kernel and release
  std::string when;    ///< UTC, ISO 8601
};

[[nodiscard]] Machine this_machine();

}  // namespace reactord::load
