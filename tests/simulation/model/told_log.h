// SPDX-License-Identifier: MIT
// What the daemon's log has told of connections: the end of each once, with a reason that can be.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "tests/simulation/model/world.h"

namespace simulation {

class ToldLog {
 public:
  explicit ToldLog(const World& world) : world_(world) {}

  /// What was written to the log: lines, perhaps in pieces.
  void take(std::string_view bytes);
  /// Of a process that may count clients from 1 again.
  void begin_process() {
    rest_.clear();
    if (world_.may_lose_at_restart() || world_.has_crashed) ended_.clear();
  }

 private:
  void take_line(std::string_view line);

  const World& world_;
  std::string rest_;
  std::set<std::uint64_t> ended_;
};

}  // namespace simulation
