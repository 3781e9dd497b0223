// SPDX-License-Identifier: MIT
// What a reload changes: the differences between two configurations, and the one that is in force
// after it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config.h"

namespace reactord {

/// A key whose value differs. A listener that came or went has the path "listener.NAME", and is
/// "no listener" on the side where it is missing.
struct Change {
  std::string path;
  std::string before;
  std::string after;
  Apply apply = Apply::restart;
};
/// Listeners are matched by name; their order is no change.
[[nodiscard]] std::vector<Change> changes_between(const Config& before, const Config& after,
                                                  std::span<const HandlerTableSpec> handlers);

/// `running` with every key of `loaded` that a reload applies; the others stay as they are until a
/// restart.
[[nodiscard]] Config merge_reloadable(const Config& running, const Config& loaded,
                                      std::span<const HandlerTableSpec> handlers);

}  // namespace reactord
