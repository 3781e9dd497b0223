// SPDX-License-Identifier: MIT
// What must hold between keys: a listener's parts fit together, no two listeners want the same
// place, one limit does not defeat another. Each key's own range is in tables.cpp. Knows no TOML.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/text/problem.h"

namespace reactord {

/// Where a file sets a key, and whether its value was good.
struct KeyPlace {
  TextPosition key;
  TextPosition value;
  bool good = false;
};

/// By path: "limits.max_frame", and for listeners by their place in the file "listener.0.name". The
/// bare "listener.0" is the table itself.
using KeyPlaces = std::map<std::string, KeyPlace, std::less<>>;

/// Appends what is wrong. A check is left out when a key that it needs was bad in itself. With no
/// places (a configuration that was not read from a file) the problems have none either.
void check_config(const Config& config, std::span<const HandlerTableSpec> handlers,
                  const KeyPlaces& places, std::vector<ConfigProblem>& problems);

}  // namespace reactord
