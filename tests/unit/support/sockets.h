// SPDX-License-Identifier: MIT
// Connected sockets for tests, and the few things that tests do with the far end. All waits are
// bounded: what does not come within kPatienceMilliseconds has failed.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "daemon/net/socket_address.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

inline constexpr int kPatienceMilliseconds = 10'000;

inline void require(bool condition, const char* what) {
  if (!condition) throw std::system_error(errno, std::system_category(), what);
}

/// Waits until poll(2) reports one of `events`, or an error or a hang-up.
[[nodiscard]] inline bool wait_for(int fd, short events) {
  pollfd one{fd, events, 0};
  return ::poll(&one, 1, kPatienceMilliseconds) == 1;
}

/// Both ends, non-blocking.
struct SocketPair {
  UniqueFd ours;
  UniqueFd theirs;
};

[[nodiscard]] inline SocketPair unix_pair() {
  std::array<int, 2> fds{};
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0,
          "socketpair");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

/// Connects; non-blocking from then on.
[[nodiscard]] inline UniqueFd connect_to(const SocketAddress& address) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  require(static_cast<bool>(fd), "socket");
  require(::connect(fd.get(), address.data(), address.size()) == 0, "connect");
  require(::fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0, "fcntl");
  return fd;
}

[[nodiscard]] inline SocketPair tcp_pair() {
  const UniqueFd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress any_port = SocketAddress::ipv4({127, 0, 0, 1}, 0);
  require(::bind(listening.get(), any_port.data(), any_port.size()) == 0, "bind");
  require(::listen(listening.get(), 1) == 0, "listen");
  UniqueFd theirs = connect_to(SocketAddress::local_of(listening.get()));
  require(wait_for(listening.get(), POLLIN), "poll");
  UniqueFd ours(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  require(static_cast<bool>(ours), "accept4");
  return {std::move(ours), std::move(theirs)};
}

inline void send_text(int fd, std::string_view text) {
  require(::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()),
          "send");
}

/// At most `most` bytes of what is there; "" if nothing is.
[[nodiscard]] inline std::string receive_text(int fd, std::size_t most = 65'536) {
  std::string text(most, '\0');
  const ssize_t n = ::recv(fd, text.data(), text.size(), MSG_DONTWAIT);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

/// Closes with a reset (socket(7), SO_LINGER of no time) instead of a FIN.
inline void close_with_reset(UniqueFd& fd) {
  const linger now{1, 0};
  require(::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0, "SO_LINGER");
  fd.reset();
}

/// The number that the next descriptor will get.
[[nodiscard]] inline int lowest_free_descriptor() {
  const UniqueFd probe(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
  require(static_cast<bool>(probe), "F_DUPFD_CLOEXEC");
  return probe.get();
}

/// No new descriptor can be opened while this lives.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    require(::getrlimit(RLIMIT_NOFILE, &before_) == 0, "getrlimit");
    rlimit lowered = before_;
    lowered.rlim_cur = static_cast<rlim_t>(lowest_free_descriptor());
    require(::setrlimit(RLIMIT_NOFILE, &lowered) == 0, "setrlimit");
  }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;
  ~NoMoreDescriptors() { (void)::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace reactord
