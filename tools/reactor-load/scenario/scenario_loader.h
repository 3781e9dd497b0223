// SPDX-License-Identifier: MIT
// TOML -> Scenario: strict, every problem with its place. toml_tables.h reads the keys,
// scenario_steps.h the steps; nothing else of the program knows toml++.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/reactor-load/scenario/scenario.h"

namespace reactord::load {

struct LoadedScenario {
  Scenario scenario;
  /// "mixed.toml:12:3: unknown key 'clinets' in [[group]]; did you mean 'clients'?"; empty: good.
  std::vector<std::string> problems;
};

/// `file` is for messages; the files of generators are relative to `folder`.
[[nodiscard]] LoadedScenario parse_scenario(std::string_view toml, std::string_view file,
                                            const std::string& folder);

[[nodiscard]] LoadedScenario load_scenario(const std::string& path);

/// What is wrong with `p99 of COMMAND`: no request of these groups is called so. Of a threshold
/// that is no group's own, hostile groups are none of its business.
[[nodiscard]] std::string unknown_command(const Threshold& threshold,
                                          const std::vector<Group>& groups);

/// Fills in a group's steps and what else a persona has; false if there is none of that name.
[[nodiscard]] bool apply_persona(std::string_view name, Group& group);

}  // namespace reactord::load
