// SPDX-License-Identifier: MIT
// Visits of every connection, which are too many for one turn of the loop: some in each, one walk
// after the other.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <utility>

#include "daemon/connection/connection_table.h"

namespace reactord {

class ConnectionWalks {
 public:
  /// Of one walk, in one turn: where each visit takes a send or a close, and where it is a few
  /// assignments or a system call that does little.
  static constexpr std::uint32_t kFewPerTurn = 32;
  static constexpr std::uint32_t kManyPerTurn = 1000;

  struct Walk {
    std::function<void(Connection&)> visit;
    std::uint32_t visits_per_turn = 0;
    std::function<void()> done = {};
    std::uint32_t next_slot = 0;
  };

  explicit ConnectionWalks(ConnectionTable& connections) : connections_(connections) {}

  void add(Walk walk) { walks_.push_back(std::move(walk)); }
  /// Nothing of what is under way matters beside this one.
  void add_instead(Walk walk) {
    add(std::move(walk));
    walks_.erase(walks_.begin(), walks_.end() - 1);
  }
  [[nodiscard]] bool empty() const { return walks_.empty(); }
  /// A turn's part of the first.
  void go_on();

 private:
  ConnectionTable& connections_;
  std::deque<Walk> walks_;
};

}  // namespace reactord
