// SPDX-License-Identifier: MIT
// Which clients have asked the most since the walk before: found by walking the table in slices, so
// that 10,000 clients hold up nobody. Remembers two counters of each slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "daemon/connection/connection_table.h"

namespace reactord {

class BusyClients {
 public:
  /// That are told: more than these is a list that nobody reads.
  static constexpr std::size_t kMaxTold = 20;
  /// Of a walk at a time: some 50 microseconds, where none of it is in the processor's cache.
  static constexpr std::uint32_t kSlotsPerSlice = 512;

  struct Busy {
    std::uint64_t id = 0;  ///< as CLIENT ID tells it
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;         ///< received
    std::uint64_t all_requests = 0;  ///< since it has connected
  };

  explicit BusyClients(ConnectionTable& connections) : connections_(connections) {}

  void begin_walk();
  /// True once all were seen.
  [[nodiscard]] bool walk_on();
  /// As of the last whole walk, those with the most requests first. Before the second walk, and of
  /// a client that is new, all that it has asked so far counts.
  [[nodiscard]] std::span<const Busy> busiest() const { return busiest_; }

 private:
  struct Seen {
    std::uint64_t id = 0;
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
  };
  void look_at(std::uint32_t slot, const Connection& connection);
  void keep_if_busy(const Busy& one);

  ConnectionTable& connections_;
  std::vector<Seen> seen_;  ///< by slot
  std::uint32_t next_slot_ = 0;
  std::vector<Busy> found_;  ///< of the walk that is under way: a heap, the least busy on top
  std::vector<Busy> busiest_;
};

}  // namespace reactord
