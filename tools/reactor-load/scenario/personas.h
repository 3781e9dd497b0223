// SPDX-License-Identifier: MIT
// Ready-made groups: clients that servers meet, and that tests forget. Each is a [[group]] in the
// language of scenarios, so that --personas can show it and anybody can change it.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace reactord::load {

struct Persona {
  std::string_view name;
  std::string_view summary;
  std::string_view toml;  ///< keys of a [[group]]
};

[[nodiscard]] std::span<const Persona> personas();

/// All of them with their scripts, for people.
[[nodiscard]] std::string describe_personas();

}  // namespace reactord::load
