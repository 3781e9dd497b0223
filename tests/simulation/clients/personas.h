// SPDX-License-Identifier: MIT
// The kinds of clients, and what each does; what chance decides of it comes from the seed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tests/simulation/kernel/random.h"
#include "tests/simulation/script/script.h"

namespace simulation {

using Plan = std::vector<Action>;

struct Persona {
  const char* name;
  Plan (*make)(Random&);
  const char* listener;  ///< none: commands, by either kind of socket
  bool has_state;        ///< what a request is answered depends on those before it
};
[[nodiscard]] std::span<const Persona> personas();

/// Long enough for whatever a daemon that stands still for a while has to do.
inline constexpr std::int64_t kPatience = 200'000;

}  // namespace simulation
