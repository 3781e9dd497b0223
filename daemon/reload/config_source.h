// SPDX-License-Identifier: MIT
// Where the configuration comes from: a file, or the built-in defaults, with what the command line
// says on top of either. Loads it the same way at start, for --check-config and on every reload.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/toml/loader.h"

namespace reactord {

class ConfigSource {
 public:
  /// `path` may be empty: the defaults. `listen`, if not empty, replaces the [[listener]] tables by
  /// one for commands on these addresses.
  ConfigSource(std::string path, std::vector<Endpoint> listen)
      : path_(std::move(path)), listen_(std::move(listen)) {}

  /// The file, from the root; "" if there is none.
  [[nodiscard]] std::string path() const;

  [[nodiscard]] LoadedConfig load(std::span<const HandlerTableSpec> handlers) const;

  /// The listeners of the file in whose place others stand, by their names: "default, admin"; "" if
  /// there are none.
  [[nodiscard]] std::string replaced_listeners() const;

  /// The modules of the file, with their whole paths; none where they, or the file, are not as they
  /// should be, of which load() tells.
  [[nodiscard]] std::vector<ModuleSettings> modules() const;

  /// Each problem as a line, without its end: "reactord.toml:12:3: ...".
  [[nodiscard]] std::vector<std::string> describe(std::span<const ConfigProblem> problems) const;

 private:
  void load_certificates(LoadedConfig& loaded) const;
  static void load_http(LoadedConfig& loaded);

  std::string path_;
  std::vector<Endpoint> listen_;
};

}  // namespace reactord
