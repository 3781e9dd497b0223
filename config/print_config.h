// SPDX-License-Identifier: MIT
// The whole configuration as TOML, out of the tables' declarations: what --print-config prints.
#pragma once

#include <span>
#include <string>

#include "config/config.h"

namespace reactord {

/// Each key with its comment of config/reactord.toml; loading it gives the same Config, but for
/// hashes of passwords, which are left out.
[[nodiscard]] std::string print_config(const Config& config,
                                       std::span<const HandlerTableSpec> handlers);

}  // namespace reactord
