// SPDX-License-Identifier: MIT
#include "daemon/limits/memory_limit.h"

#include <doctest/doctest.h>

using namespace reactord;

TEST_CASE("buffers may take half of what a limit leaves, where that is less than configured") {
  constexpr std::uint64_t kConfigured = 256u << 20;
  CHECK(possible_buffer_bytes(kConfigured, {}) == kConfigured);
  CHECK(possible_buffer_bytes(kConfigured, MemoryLimit{"RLIMIT_AS", 1u << 30}) == kConfigured);
  CHECK(possible_buffer_bytes(kConfigured, MemoryLimit{"RLIMIT_AS", 100u << 20}) == 50u << 20);
  CHECK(possible_buffer_bytes(kConfigured, MemoryLimit{"RLIMIT_AS", 0}) == 64u << 10);
}
