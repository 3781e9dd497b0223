// SPDX-License-Identifier: MIT
// The kinds of clients that come to the listener "proxied", through a proxy.
#pragma once

#include <span>

#include "tests/simulation/clients/personas.h"

namespace simulation {

[[nodiscard]] std::span<const Persona> proxy_personas();

}  // namespace simulation
