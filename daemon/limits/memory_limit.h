// SPDX-License-Identifier: MIT
// How much memory the process may have: the limits of the process (getrlimit(2)) and of its control
// groups (cgroups(7)). What exceeds the first makes allocations fail, the second has it killed:
// buffers are bounded so that neither is met.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace reactord {

struct MemoryLimit {
  std::string name;        ///< what sets it: "RLIMIT_AS"
  std::uint64_t left = 0;  ///< bytes that it leaves beyond what is used now
};

/// The one that leaves the least; nothing if there is none.
[[nodiscard]] std::optional<MemoryLimit> nearest_memory_limit();

/// What buffers may take of what is configured: half of what is left, since one that grows exists
/// twice for a moment, and the rest of the daemon has needs, too.
[[nodiscard]] std::uint64_t possible_buffer_bytes(std::uint64_t configured,
                                                  const std::optional<MemoryLimit>& limit);

/// Keeps a little memory back, and gives it away when an allocation fails that nobody could do
/// without. What may be large is not helped by it, and costs the connection that wants it.
void keep_memory_reserve();
/// Takes back what was given away; once a turn.
void renew_memory_reserve() noexcept;

}  // namespace reactord
