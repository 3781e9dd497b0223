// SPDX-License-Identifier: MIT
// What belongs to one process, and ends with it: its descriptors and its signals. Its threads are
// the machine's (threads.h), its heap is counted by the model.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/kernel/descriptors.h"
#include "tests/simulation/kernel/epoll.h"
#include "tests/simulation/kernel/memory_file.h"
#include "tests/simulation/kernel/wake_ups.h"

namespace simulation {

class Process {
 public:
  explicit Process(pid_t pid) : number(pid) {}
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() { end(); }

  /// Whatever it has not closed itself is closed.
  void end() {
    descriptors.close_all();
    main_epoll.reset();
    maps.clear();
  }

  const pid_t number;
  Signals signals;
  Descriptors descriptors;
  /// What it has mapped, once for each map.
  std::vector<std::shared_ptr<MemoryFile>> maps;
  /// The first that it made: its loop's.
  std::shared_ptr<Epoll> main_epoll;
  /// The names of what it was given by the manager, from descriptor 3 on.
  std::vector<std::string> passed;
};

}  // namespace simulation
