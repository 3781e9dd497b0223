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

struct ListenOptions {
  int backlog = 4096;
  ::mode_t unix_mode = 0660;
  std::optional<::gid_t> unix_group = {};  ///< of a Unix socket's file; the process's own if none
};

enum class ListenStatus : std::uint8_t {
  ok,
  no_such_family,  ///< the host has no IPv6 (or no such address family at all): leave it out
  failed,
};

struct ListenResult {
  ListenStatus status = ListenStatus::failed;
  UniqueFd fd;
  std::string problem;  ///< what failed and what to do about it
};

/// Binds and listens. IPv6 sockets are V6ONLY, so that each address is a listener of its own. A
/// Unix socket that nobody listens on any more is replaced; a live one is not, and neither is a
/// file of any other kind. Two processes that start at the same moment may both take a path for
/// stale: the later one then has it.
[[nodiscard]] ListenResult open_listening_socket(const SocketAddress& address,
                                                 const ListenOptions& options);

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

/// TCP_USER_TIMEOUT of a connection or of those that a listening socket will accept; 0 is the
/// kernel's own patience. Harmless on a Unix socket.
void set_user_timeout(int fd, std::chrono::milliseconds timeout) noexcept;

/// Sets what accepted connections inherit, so that an accept costs one system call: no delay for
/// small replies (TCP_NODELAY), keep-alive probes for vanished peers, and TCP_USER_TIMEOUT: the
/// kernel gives up on unacknowledged data after `write_stall`. A Unix socket has none of them and
/// is left alone.
void tune_listening_socket(int fd, std::chrono::milliseconds write_stall) noexcept;

}  // namespace reactord
