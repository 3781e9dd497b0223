// SPDX-License-Identifier: MIT
// What must hold after each turn of the loop, whatever clients do: memory accounted to the byte,
// limits kept, nobody waits longer than the bound says, and no turn is for nothing.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "tests/simulation/model/world.h"

namespace simulation {

class TurnChecks {
 public:
  explicit TurnChecks(World& world);

  void after_turn();
  /// The daemon has nothing to do: it may only wake for its own timers.
  void begin_rest() { turns_at_rest_ = world_.kernel.turns; }
  void end_rest() const;

 private:
  using CountOfAddress = std::map<std::array<std::uint8_t, 16>, std::int64_t>;

  void check_connections();
  void check_addresses(CountOfAddress counts, std::int64_t most) const;
  void check_waiting(reactord::Connection& connection, std::uint64_t open) const;
  void check_visitors() const;
  void check_logins() const;
  void check_progress();

  World& world_;
  std::size_t high_water_ = 0;
  std::uint64_t turns_at_rest_ = 0;
  std::uint64_t progress_ = 0;
  Moment last_turn_{0};
  int idle_turns_ = 0;
};

}  // namespace simulation
