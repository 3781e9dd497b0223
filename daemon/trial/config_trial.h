// SPDX-License-Identifier: MIT
// What only this machine can tell about a configuration that is good in itself: whether its groups
// exist, its log can be written, and its addresses can be had. For --check-config: opens what a
// start would open, creates nothing, and disturbs no daemon that runs.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace reactord {

struct ConfigTrial {
  std::vector<std::string> problems;  ///< a start would fail
  std::vector<std::string> notes;     ///< it would fail beside the daemon that runs, a reload not
};

[[nodiscard]] ConfigTrial try_config(const Config& config);

}  // namespace reactord
