// SPDX-License-Identifier: MIT
#include "daemon/net/socket_stream.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cassert>
#include <cerrno>

namespace reactord {

namespace {

IoResult failed(int error) noexcept {
  // recv(2) and send(2): POSIX allows either name for "not now".
  if (error == EAGAIN || error == EWOULDBLOCK) return {IoStatus::would_block, 0, 0};
  // The kernel is short of memory for the moment, and no edge tells that it is over.
  if (error == ENOBUFS || error == ENOMEM) return {IoStatus::would_block, 0, error};
  return {IoStatus::lost, 0, error};
}

IoResult receive(int fd, std::span<char> into, int flags) noexcept {
  assert(!into.empty());
  ssize_t n = 0;
  do {
    n = ::recv(fd, into.data(), into.size(), flags);
  } while (n < 0 && errno == EINTR);
  if (n > 0) return {IoStatus::ok, static_cast<std::size_t>(n), 0};
  if (n == 0) return {IoStatus::end, 0, 0};
  return failed(errno);
}

}  // namespace

IoResult peek_socket(int fd, std::span<char> into) noexcept {
  return receive(fd, into, MSG_PEEK);
}

IoResult receive_socket(int fd, std::span<char> into) noexcept {
  return receive(fd, into, 0);
}

SocketStream::SocketStream(UniqueFd fd, const SocketAddress& peer)
    : fd_(std::move(fd)),
      peer_ip_(peer.mapped_ip()),
      peer_port_(peer.port()),
      peer_family_(static_cast<std::uint8_t>(peer.family())) {}

IoResult SocketStream::receive(std::span<char> into) noexcept {
  return receive_socket(fd_.get(), into);
}

IoResult SocketStream::send(std::string_view bytes) noexcept {
  assert(!bytes.empty());
  ssize_t n = 0;
  do {
    n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return {IoStatus::ok, static_cast<std::size_t>(n), 0};
  return failed(errno);
}

IoResult SocketStream::send_parts(std::span<const std::string_view> parts) noexcept {
  assert(!parts.empty() && parts.size() <= kMaxParts);
  std::array<iovec, kMaxParts> vectors;
  for (std::size_t i = 0; i < parts.size(); ++i)
    // sendmsg(2) only reads, but shares its struct with recvmsg(2).
    vectors[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = parts.size();
  ssize_t n = 0;
  do {
    n = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return {IoStatus::ok, static_cast<std::size_t>(n), 0};
  return failed(errno);
}

bool SocketStream::finish_sending() noexcept {
  return ::shutdown(fd_.get(), SHUT_WR) == 0;
}

/// socket(7): a linger time of 0 makes close(2) send RST.
void SocketStream::reset_on_close() noexcept {
  const linger no_time{1, 0};
  (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &no_time, sizeof no_time);
}

/// SO_ERROR (socket(7)) keeps a reset that recv(2) no longer tells of once it has returned 0;
/// SIOCOUTQ (tcp(7), and the same of Unix sockets) counts what is not acknowledged, our FIN as one.
Delivery SocketStream::delivery() const noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
    return Delivery::lost;
  int unacknowledged = 0;
  const bool is_known = ::ioctl(fd_.get(), SIOCOUTQ, &unacknowledged) == 0;
  return is_known && unacknowledged == 0 ? Delivery::arrived : Delivery::under_way;
}

std::string SocketStream::peer() const {
  // A Unix client has no name of its own: the socket that it came through says more than nothing.
  if (peer_family_ == AF_UNIX) return SocketAddress::local_of(fd_.get()).to_string();
  if (peer_family_ == AF_INET6) return SocketAddress::ipv6(peer_ip_, peer_port_).to_string();
  return SocketAddress::ipv4({peer_ip_[12], peer_ip_[13], peer_ip_[14], peer_ip_[15]}, peer_port_)
      .to_string();
}

}  // namespace reactord
