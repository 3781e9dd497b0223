// SPDX-License-Identifier: MIT
// The kinds of clients that come to the listener "login", where one has to log in.
#pragma once

#include <span>

#include "tests/simulation/clients/personas.h"

namespace simulation {

[[nodiscard]] std::span<const Persona> login_personas();

}  // namespace simulation
