// SPDX-License-Identifier: MIT
// Who sees to it that clients are who they should be, as connections and their table know it.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/net/socket_address.h"

namespace reactord {

class Connection;

class LoginGate {
 public:
  virtual ~LoginGate() = default;
  /// Whether one client more may come from there that has to log in.
  [[nodiscard]] virtual bool has_room_for(const SocketAddress& peer) const = 0;
  /// It is open, and the loop watches it. What it is known by decides who it is: the name in its
  /// certificate (Stream::certificate_name()), or its user at a Unix socket. May end it.
  virtual void on_open(Connection& connection) noexcept = 0;
  /// In another process it had logged in as this user. May end it.
  virtual void on_resume(Connection& connection, std::string_view user) noexcept = 0;
  /// It serves no more.
  virtual void on_end(Connection& connection) noexcept = 0;
  /// Users have changed since its principal was made: it has today's, or is ended with the reason.
  virtual void renew(Connection& connection) = 0;
};

/// What a client may send before it has logged in. As Redis has it: 16 KiB.
inline constexpr std::size_t kMaxLoginFrameBytes = 16u << 10;
/// HELLO with all of its options has 7; 10 in Redis.
inline constexpr std::size_t kMaxLoginArguments = 16;

}  // namespace reactord
