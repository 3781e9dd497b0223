// SPDX-License-Identifier: MIT
#include "daemon/net/connecting_socket.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace reactord {

ConnectResult begin_connect(const SocketAddress& address) noexcept {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return {ConnectStatus::failed, {}, errno};
  if (address.is_ip()) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  if (::connect(fd.get(), address.data(), address.size()) == 0)
    return {ConnectStatus::connected, std::move(fd), 0};
  // Interrupted is under way, too: connect(2) must not be repeated.
  if (errno == EINPROGRESS || errno == EINTR) return {ConnectStatus::under_way, std::move(fd), 0};
  return {ConnectStatus::failed, {}, errno == EAGAIN ? ECONNREFUSED : errno};
}

int connect_error(int fd) noexcept {
  int error = 0;
  socklen_t size = sizeof(error);
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

void reset_on_close(int fd) noexcept {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

}  // namespace reactord
