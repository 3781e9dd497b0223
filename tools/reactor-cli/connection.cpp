// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "tools/reactor-cli/duration.h"
#include "tools/reactor-cli/failure.h"
#include "tools/reactor-cli/interrupt.h"

namespace reactord::cli {
namespace {

using std::chrono::milliseconds;

struct Address {
  int family = AF_UNSPEC;
  socklen_t bytes = 0;
  sockaddr_storage storage{};
};

/// A socket, or the errno of why not.
struct Attempt {
  UniqueFd fd;
  int problem = 0;
};

Address unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());  // parse_uri() has checked the size
  Address out{AF_UNIX, sizeof(address), {}};
  std::memcpy(&out.storage, &address, sizeof(address));
  return out;
}

std::vector<Address> resolve(const Endpoint& endpoint) {
  if (!endpoint.path.empty()) return {unix_address(endpoint.path)};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(endpoint.port);
  const int problem = ::getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &list);
  if (problem != 0) {
    throw Failure(
        ExitCode::cannot_connect,
        fmt::format("cannot find the address of '{}': {}; check its spelling, or give an "
                    "IP address with --host",
                    endpoint.host,
                    problem == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(problem)));
  }
  std::vector<Address> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    Address address{entry->ai_family, entry->ai_addrlen, {}};
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    addresses.push_back(address);
  }
  ::freeaddrinfo(list);
  return addresses;
}

milliseconds remaining(Deadline deadline) {
  const auto left = std::chrono::ceil<milliseconds>(*deadline - Clock::now());
  return std::max(left, milliseconds(0));
}

// poll(2) with a deadline; false when it has passed with nothing ready.
bool poll_until(std::span<pollfd> fds, Deadline deadline) {
  while (true) {
    const int timeout = deadline ? static_cast<int>(remaining(deadline).count()) : -1;
    const int ready = ::poll(fds.data(), fds.size(), timeout);
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) {
      throw Failure(ExitCode::cannot_connect, fmt::format("poll: {}", std::strerror(errno)));
    }
    if (take_interrupt()) throw Interrupted{};
  }
}

int connect_result(int fd, Deadline deadline) {
  std::array<pollfd, 1> fds = {{{fd, POLLOUT, 0}}};
  if (!poll_until(fds, deadline)) return ETIMEDOUT;
  int problem = 0;
  socklen_t bytes = sizeof(problem);
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &bytes) != 0) return errno;
  return problem;
}

Attempt try_address(const Address& address, Deadline deadline) {
  UniqueFd fd(::socket(address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return {{}, errno};
  if (address.family != AF_UNIX) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  const auto* target = reinterpret_cast<const sockaddr*>(&address.storage);
  int problem = ::connect(fd.get(), target, address.bytes) == 0 ? 0 : errno;
  if (problem == EINPROGRESS || problem == EINTR) problem = connect_result(fd.get(), deadline);
  if (problem == EAGAIN) problem = ECONNREFUSED;  // a Unix socket whose backlog is full
  if (problem != 0) return {{}, problem};
  return {std::move(fd), 0};
}

[[noreturn]] void fail_to_connect(std::span<const Endpoint> endpoints, int problem,
                                  milliseconds timeout) {
  const std::string first = to_string(endpoints.front());
  if (problem == ETIMEDOUT) {
    throw Failure(ExitCode::timed_out,
                  fmt::format("no connection to {} within {}; check the address, or wait longer "
                              "with --timeout",
                              first, format_duration(timeout)));
  }
  throw Failure(ExitCode::cannot_connect,
                fmt::format("cannot connect to {}: {}; is reactord running there? Start it with "
                            "'systemctl start reactord' or 'reactord', or name another server "
                            "with --uri",
                            first, std::strerror(problem)));
}

IoResult failed_io() {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return IoResult::wait;
  return errno == EPIPE ? IoResult::closed : IoResult::reset;
}

}  // namespace

Connection::Connection(std::span<const Endpoint> endpoints, milliseconds timeout) {
  const Deadline deadline = deadline_in(timeout);
  int first_problem = 0;
  for (const Endpoint& endpoint : endpoints) {
    const std::vector<Address> addresses = resolve(endpoint);
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      // A silent address must not use up the time of those behind it.
      const auto share = remaining(deadline) / static_cast<int>(addresses.size() - i);
      Attempt attempt = try_address(addresses[i], deadline_in(share));
      if (attempt.fd) {
        endpoint_ = endpoint;
        fd_ = std::move(attempt.fd);
        return;
      }
      if (first_problem == 0) first_problem = attempt.problem;
    }
  }
  fail_to_connect(endpoints, first_problem, timeout);
}

IoResult Connection::read(std::span<char> room, std::size_t& bytes) {
  const ssize_t received = ::recv(fd_.get(), room.data(), room.size(), 0);
  bytes = received > 0 ? static_cast<std::size_t>(received) : 0;
  if (received > 0) return IoResult::done;
  return received == 0 ? IoResult::closed : failed_io();
}

IoResult Connection::write(std::string_view data, std::size_t& bytes) {
  const ssize_t sent = ::send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
  bytes = sent > 0 ? static_cast<std::size_t>(sent) : 0;
  return sent >= 0 ? IoResult::done : failed_io();
}

void Connection::finish_writing() {
  // Fails only on a connection that has gone, which the next read tells.
  static_cast<void>(::shutdown(fd_.get(), SHUT_WR));
}

Readiness Connection::wait(Readiness wanted, Deadline deadline, int input_fd) const {
  short events = 0;
  if (wanted.readable) events |= POLLIN;
  if (wanted.writable) events |= POLLOUT;
  // A negative descriptor is one that poll(2) ignores: a hang-up nobody asks about would spin.
  std::array<pollfd, 2> fds = {
      {{events != 0 ? fd_.get() : -1, events, 0}, {wanted.input ? input_fd : -1, POLLIN, 0}}};
  if (!poll_until(fds, deadline)) return {};
  constexpr short kTrouble = POLLHUP | POLLERR;
  Readiness ready;
  ready.readable = wanted.readable && (fds[0].revents & (POLLIN | kTrouble)) != 0;
  ready.writable = wanted.writable && (fds[0].revents & (POLLOUT | kTrouble)) != 0;
  ready.input = fds[1].revents != 0;
  return ready;
}

}  // namespace reactord::cli
