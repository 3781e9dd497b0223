// SPDX-License-Identifier: MIT
// What the system knows of this process. Each costs a system call or two.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reactord {

/// Of the heap: what was allocated and not freed.
[[nodiscard]] std::size_t allocated_bytes();
/// The second number of /proc/self/statm (proc(5)), in bytes; 0 where that cannot be read.
[[nodiscard]] std::size_t resident_bytes();

struct CpuSeconds {
  double user = 0;
  double system = 0;
};
/// Of all threads, since the start.
[[nodiscard]] CpuSeconds cpu_seconds();

}  // namespace reactord
