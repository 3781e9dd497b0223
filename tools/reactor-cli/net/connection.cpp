// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/net/connection.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "daemon/net/connecting_socket.h"
#include "tools/reactor-cli/command_line/duration.h"
#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/net/interrupt.h"
#include "tools/reactor-cli/net/resolve.h"

namespace reactord::cli {
namespace {

using std::chrono::milliseconds;

/// A socket, or the errno of why not.
struct Attempt {
  UniqueFd fd;
  int problem = 0;
};

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

Attempt try_address(const SocketAddress& address, Deadline deadline) {
  ConnectResult begun = begin_connect(address);
  if (begun.status == ConnectStatus::failed) return {{}, begun.error};
  if (begun.status == ConnectStatus::under_way) {
    std::array<pollfd, 1> fds = {{{begun.fd.get(), POLLOUT, 0}}};
    if (!poll_until(fds, deadline)) return {{}, ETIMEDOUT};
    if (const int error = connect_error(begun.fd.get()); error != 0) return {{}, error};
  }
  return {std::move(begun.fd), 0};
}

[[noreturn]] void fail_to_connect(std::span<const Endpoint> endpoints, int problem,
                                  milliseconds timeout) {
  const Endpoint& first = endpoints.front();
  if (problem == ETIMEDOUT) {
    throw Failure(ExitCode::timed_out,
                  fmt::format("no connection to {} within {}; check the address, or wait longer "
                              "with --timeout",
                              to_string(first), format_duration(timeout)));
  }
  throw Failure(ExitCode::cannot_connect,
                cannot_connect(first, problem,
                               "is reactord running there? Start it with 'systemctl start "
                               "reactord' or 'reactord', or name another server with --uri"));
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
    const auto [addresses, unknown] = resolve(endpoint);
    if (!unknown.empty()) throw Failure(ExitCode::cannot_connect, unknown);
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
