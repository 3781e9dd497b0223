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

void keep_alive(int fd) noexcept {
  constexpr int kIdleSeconds = 60;
  constexpr int kProbeSeconds = 10;
  constexpr int kProbes = 3;
  const auto set = [fd](int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof(value));  // without it only the end comes later
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kIdleSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kProbeSeconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, kProbes);
}

bool is_connected_to_itself(int fd) {
  const SocketAddress local = SocketAddress::local_of(fd);
  const SocketAddress peer = SocketAddress::peer_of(fd);
  return local.is_ip() && local.port() == peer.port() && local.mapped_ip() == peer.mapped_ip();
}

void reset_on_close(int fd) noexcept {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

}  // namespace reactord
