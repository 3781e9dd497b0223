// SPDX-License-Identifier: MIT
// The daemon's own tables and keys, declared once, and what derives from the declarations: the
// printed configuration, the list of settings that CONFIG GET shows, and the changes between two
// configurations.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace reactord {

[[nodiscard]] std::span<const KeySpec> server_keys();
[[nodiscard]] std::span<const KeySpec> listener_keys();
[[nodiscard]] std::span<const KeySpec> limit_keys();
[[nodiscard]] std::span<const KeySpec> deadline_keys();
[[nodiscard]] std::span<const KeySpec> log_keys();

/// A table that is there once: [server], [limits], [deadlines], [log].
struct ConfigTable {
  std::string_view name;
  std::span<const KeySpec> keys;
  void* (*settings)(Config&) = nullptr;
  const void* (*view)(const Config&) = nullptr;
};
[[nodiscard]] std::span<const ConfigTable> single_tables();

/// Why a key means nothing to this listener ("a command listener has no handler: ..."), or "" when
/// it does.
[[nodiscard]] std::string_view why_unused(std::string_view key, const ListenerSettings& listener);

[[nodiscard]] std::vector<Setting> settings_of(const Config& config,
                                               std::span<const HandlerTableSpec> handlers);

/// The whole configuration as TOML, each key with its help as a comment; loading it gives the same
/// Config.
[[nodiscard]] std::string print_config(const Config& config,
                                       std::span<const HandlerTableSpec> handlers);

/// A key whose value differs; a listener that came or went has the path "listener.NAME".
struct Change {
  std::string path;
  std::string before;
  std::string after;
  Apply apply = Apply::restart;
};
/// Listeners are matched by name; their order is no change.
[[nodiscard]] std::vector<Change> changes_between(const Config& before, const Config& after,
                                                  std::span<const HandlerTableSpec> handlers);

}  // namespace reactord
