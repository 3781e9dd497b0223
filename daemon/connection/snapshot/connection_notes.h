// SPDX-License-Identifier: MIT
// What each connection is doing, noted where it outlives the process: whoever reads the notes after
// a crash knows who was at rest, and who was not. Written in the middle of a turn, and so nothing
// but stores. Where the notes lie, and what is said of a connection beside, is their owner's
// (daemon/keeping/).
#pragma once

#include <atomic>
#include <cstdint>

#include "daemon/reactor/slot_table.h"

namespace reactord {

class Connection;

enum class Standing : std::uint8_t {
  at_rest,  ///< all that was received is answered, and the kernel has the answers
  in_work,  ///< what was received is not answered; what was sent ends with a whole reply
  sending,  ///< of the last reply that was sent a part may be missing
  bound,    ///< it owes nothing, but is ending, or has what ends with the process
};

/// A place for each slot of the connection table.
struct ConnectionNote {
  Standing standing = Standing::at_rest;
  std::uint8_t traits = 0;  ///< Connection::traits()
};

class ConnectionNotes {
 public:
  /// Before a system call, which no compiler moves a store across.
  void put(SlotId id, Standing standing) noexcept {
    std::atomic_ref(of(id).standing).store(standing, std::memory_order_release);
  }
  [[nodiscard]] std::uint8_t traits(SlotId id) noexcept { return of(id).traits; }

  /// What is noted of its traits and names is not true any more.
  virtual void rewrite(Connection& connection) noexcept = 0;
  /// Its socket is about to be closed.
  virtual void forget(Connection& connection) noexcept = 0;

 protected:
  ~ConnectionNotes() = default;
  /// As many as there can be slots.
  void set_notes(ConnectionNote* notes) { notes_ = notes; }
  [[nodiscard]] ConnectionNote& of(SlotId id) noexcept {
    return notes_[static_cast<std::uint32_t>(id)];
  }

 private:
  ConnectionNote* notes_ = nullptr;
};

}  // namespace reactord
