// SPDX-License-Identifier: MIT
// Counts what the daemon has allocated, to the byte: every block knows whether it was asked for by
// the daemon, by which of its processes, or by the simulation around it.
#pragma once

#include <cstdint>

namespace simulation {

/// As long as it lives, allocations are the simulation's.
class OutsideOfDaemon {
 public:
  OutsideOfDaemon() { ++depth; }
  OutsideOfDaemon(const OutsideOfDaemon&) = delete;
  OutsideOfDaemon& operator=(const OutsideOfDaemon&) = delete;
  ~OutsideOfDaemon() { --depth; }

  static int depth;
};

/// The daemon's code runs: what it allocates is its own, until the end of the block.
class InsideOfDaemon {
 public:
  InsideOfDaemon() : before_(OutsideOfDaemon::depth) { OutsideOfDaemon::depth = 0; }
  InsideOfDaemon(const InsideOfDaemon&) = delete;
  InsideOfDaemon& operator=(const InsideOfDaemon&) = delete;
  ~InsideOfDaemon() { OutsideOfDaemon::depth = before_; }

 private:
  int before_;
};

struct HeapUse {
  std::int64_t bytes = 0;
  std::int64_t blocks = 0;
};
/// What the process that runs now holds, of what it has allocated itself.
[[nodiscard]] HeapUse heap_of_daemon();
/// Another process: it holds nothing yet. What the one before has left behind is nobody's.
void begin_heap_of_process();

}  // namespace simulation
