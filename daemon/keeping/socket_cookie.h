// SPDX-License-Identifier: MIT
// By which a socket is recognised, whatever descriptor it has in whatever process.
#pragma once

#include <sys/socket.h>

#include <cstdint>

namespace reactord {

/// socket(7), SO_COOKIE: the kernel never gives one twice. 0: it is no socket.
[[nodiscard]] inline std::uint64_t socket_cookie(int fd) noexcept {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  return ::getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

}  // namespace reactord
