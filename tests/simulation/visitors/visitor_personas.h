// SPDX-License-Identifier: MIT
// The kinds of clients that come to the HTTP listener, and what each does.
#pragma once

#include <span>

#include "tests/simulation/clients/personas.h"

namespace simulation {

[[nodiscard]] std::span<const Persona> visitor_personas();

}  // namespace simulation
