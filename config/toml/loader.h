// SPDX-License-Identifier: MIT
// TOML -> Config. Reports the one syntax error, or all semantic errors at once, each with its
// place. The only part of the daemon that knows toml++ (in loader.cpp and toml_items).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/text/problem.h"

namespace reactord {

struct LoadedConfig {
  Config config;
  std::vector<ConfigProblem> problems;  ///< empty: `config` is good

  [[nodiscard]] bool ok() const { return problems.empty(); }
};

/// A configuration file is at most this long: thousands of allow-list entries, and no accident.
inline constexpr std::size_t kMaxConfigFileBytes = 1u << 20;

[[nodiscard]] LoadedConfig parse_config(std::string_view toml,
                                        std::span<const HandlerTableSpec> handlers);

/// Reads a regular file and parses it. What is wrong with the file itself is a problem without a
/// line.
[[nodiscard]] LoadedConfig load_config(const std::string& path,
                                       std::span<const HandlerTableSpec> handlers);

/// "reactord.toml:12:3: unknown key 'max_conections' in [server]; did you mean 'max_connections'?"
[[nodiscard]] std::string to_string(const ConfigProblem& problem, std::string_view file);

}  // namespace reactord
