// SPDX-License-Identifier: MIT
// Handlers that offload work, repeat timers and watch descriptors, in a whole server.
#pragma once

#include <vector>

#include "daemon/interface/registry.h"
#include "tests/unit/support/gate.h"

namespace reactord::test {

/// Those of the registry, and the test's. TESTWORK passes `gate`, which outlives the work.
[[nodiscard]] std::vector<HandlerEntry> work_handlers(WorkGate& gate);

/// Whose start() throws.
[[nodiscard]] HandlerEntry bad_start_handler();

}  // namespace reactord::test
