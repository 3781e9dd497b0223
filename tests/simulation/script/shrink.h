// SPDX-License-Identifier: MIT
// From a script that fails to a short one that fails by the same rule.
#pragma once

#include <string>

#include "tests/simulation/script/script.h"

namespace simulation {

struct Shrunk {
  Script script;
  std::string problem;  ///< of the short one; empty: the script does not fail
};
[[nodiscard]] Shrunk shrink_script(const Script& script);

}  // namespace simulation
