// SPDX-License-Identifier: MIT
// Who takes in a listener's clients in place of the gate (gate.h): they speak another protocol, and
// become no connections of the table.
#pragma once

#include "daemon/net/socket_address.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

class Visitors {
 public:
  virtual ~Visitors() = default;
  /// Where there is none, new ones wait in the backlog until the listeners hear of room.
  [[nodiscard]] virtual bool has_room() const = 0;
  /// Somebody waits: who only holds a place may have to go.
  virtual void want_room() noexcept = 0;
  /// Owns the socket, which does not block, from then on. Throws std::bad_alloc.
  virtual void take_in(UniqueFd fd, const SocketAddress& peer) = 0;
};

}  // namespace reactord
