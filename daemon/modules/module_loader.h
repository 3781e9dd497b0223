// SPDX-License-Identifier: MIT
// Loads handlers from shared objects, as the configuration names them. What is loaded stays until
// the process ends: symbols and destructors of threads outlive dlclose(3), so another version is a
// restart.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/interface/handler_entry.h"

namespace reactord {

struct LoadedModules {
  std::vector<HandlerEntry> handlers;  ///< each with the module's path
  std::vector<std::string> problems;   ///< each "module PATH: why"
};

/// Loads each of them in order. A module that is refused leaves the others alone; `present` are the
/// handlers that are there already, whose names it may not take.
[[nodiscard]] LoadedModules load_modules(std::span<const ModuleSettings> modules,
                                         std::span<const HandlerEntry> present);

}  // namespace reactord
