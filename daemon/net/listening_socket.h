// SPDX-License-Identifier: MIT
// Opens, adopts and accepts from listening sockets. Non-blocking and close-on-exec throughout.
// Knows the kernel's rules (socket(7), ip(7), ipv6(7), tcp(7), unix(7)), and nothing of connections
// or limits.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "daemon/net/socket_address.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

/// Of a Unix socket's file.
struct UnixFileOptions {
  ::mode_t mode = 0660;
  std::optional<::gid_t> group = {};  ///< the process's own if none
};

struct ListenOptions {
  int backlog = 4096;
  UnixFileOptions unix_file = {};
  /// Beside a socket of ours that takes the same port of all addresses, or of one of them, and that
  /// has let_share(): for the moment in which one takes the other's place.
  bool is_beside_ours = false;
};

enum class ListenStatus : std::uint8_t {
  ok,
  no_such_family,  ///< the host has no such address family, or no loopback address of it
  failed,
};

struct ListenResult {
  ListenStatus status = ListenStatus::failed;
  UniqueFd fd;
  std::string problem;  ///< what failed and what to do about it
};

/// Binds and listens. IPv6 sockets are V6ONLY, so that each address is a listener of its own. A
/// Unix socket that nobody listens on any more is replaced; a live one is not, and neither is a
/// file of any other kind. Of two processes that open one path at the same moment one fails
/// (path_lock.h).
[[nodiscard]] ListenResult open_listening_socket(const SocketAddress& address,
                                                 const ListenOptions& options);

/// Whether an address could be bound. Binds a port for a moment, and never listens; of a Unix
/// socket looks at the folder and at what is there, and a socket of nobody counts as taken, too.
struct BindTrial {
  enum class Status : std::uint8_t { free, taken, no_such_family, failed };
  Status status = Status::free;
  std::string problem = {};
};
[[nodiscard]] BindTrial try_to_bind(const SocketAddress& address);

/// Lets another socket of this user listen beside this one, or no more.
void let_share(int fd, bool may_share) noexcept;

/// Changes how many clients may wait; the socket listens already.
void set_backlog(int fd, int backlog) noexcept;

/// Gives the file of a Unix socket that listens already another mode and group; the problem, or "".
/// At no moment may anybody connect who could neither before nor after.
[[nodiscard]] std::string change_unix_file(const SocketAddress& address,
                                           const UnixFileOptions& options);

/// Makes a socket that somebody else opened fit for the loop; the problem, or "" if it is a
/// listening stream socket.
[[nodiscard]] std::string adopt_listening_socket(int fd);

enum class AcceptStatus : std::uint8_t {
  accepted,
  none_waiting,
  gone,       ///< the client left before it was accepted; try the next
  exhausted,  ///< out of descriptors or memory (EMFILE, ENFILE, ENOBUFS, ENOMEM): pause
  failed,
};

struct AcceptResult {
  AcceptStatus status = AcceptStatus::failed;
  UniqueFd fd;
  SocketAddress peer;
  int error = 0;
};

[[nodiscard]] AcceptResult accept_connection(int listening_fd) noexcept;
/// Somebody waits to be accepted. To ask is ten times cheaper than to accept in vain, for which the
/// kernel makes a socket and throws it away.
[[nodiscard]] bool has_waiting(int listening_fd) noexcept;

/// TCP_USER_TIMEOUT of a connection or of those that a listening socket will accept; 0 is the
/// kernel's own patience. Harmless on a Unix socket.
void set_user_timeout(int fd, std::chrono::milliseconds timeout) noexcept;

/// Sets what accepted connections inherit, so that an accept costs one system call: no delay for
/// small replies (TCP_NODELAY), keep-alive probes for vanished peers, and TCP_USER_TIMEOUT: the
/// kernel gives up on unacknowledged data after `write_stall`. A Unix socket has none of them and
/// is left alone.
void tune_listening_socket(int fd, std::chrono::milliseconds write_stall) noexcept;

}  // namespace reactord
