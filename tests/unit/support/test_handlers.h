// SPDX-License-Identifier: MIT
// Handlers that use every part of the handler interface, and some that break its rules. Their names
// begin with "test-" and those of their commands with TEST, so that no handler of the registry is
// in their way.
#pragma once

#include <vector>

#include "daemon/interface/registry.h"

namespace reactord::test {

/// Those of the registry, and the test's.
[[nodiscard]] std::vector<HandlerEntry> test_handlers();

}  // namespace reactord::test
