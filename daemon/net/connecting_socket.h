// SPDX-License-Identifier: MIT
// Opens sockets towards somebody who listens, without waiting. Non-blocking and close-on-exec.
// Knows the kernel's rules (connect(2), tcp(7), socket(7)), and no request.
#pragma once

#include <cstdint>

#include "daemon/net/socket_address.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

enum class ConnectStatus : std::uint8_t {
  connected,
  under_way,  ///< when the loop says that it can be written to, ask connect_error()
  failed,
};

struct ConnectResult {
  ConnectStatus status = ConnectStatus::failed;
  UniqueFd fd;    ///< of the first two
  int error = 0;  ///< the errno of `failed`
};

/// Begins to connect; small requests are sent without delay (TCP_NODELAY). A Unix socket whose
/// backlog is full refuses (ECONNREFUSED), as a TCP socket would in the end.
[[nodiscard]] ConnectResult begin_connect(const SocketAddress& address) noexcept;

/// How a connect that was under way has ended: 0, or its errno. To be asked once: the kernel
/// forgets (SO_ERROR, socket(7)).
[[nodiscard]] int connect_error(int fd) noexcept;

/// Has the kernel ask the peer whether it is still there once nothing was said for a minute, and
/// end the connection half a minute after it has gone (tcp(7)). Nothing for a Unix socket.
void keep_alive(int fd) noexcept;

/// Whether a TCP socket has connected to itself, which a connect to a local port that nobody
/// listens on can end in, when the kernel chooses that port for our side.
[[nodiscard]] bool is_connected_to_itself(int fd);

/// Makes the next close of `fd` a reset: what is unsent is thrown away, the peer sees RST
/// (SO_LINGER with no time, socket(7)).
void reset_on_close(int fd) noexcept;

}  // namespace reactord
