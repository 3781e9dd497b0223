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

#include "tools/reactor-cli/command_line/duration.h"
#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/net/dial.h"
#include "tools/reactor-cli/net/interrupt.h"

namespace reactord::cli {
namespace {

using std::chrono::milliseconds;

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

bool wait_until_connected(int fd, Clock::time_point deadline) {
  std::array<pollfd, 1> fds = {{{fd, POLLOUT, 0}}};
  return poll_until(fds, deadline);
}

[[noreturn]] void fail_to_connect(const Dialed& dialed, milliseconds timeout) {
  if (dialed.refusals.empty()) throw Failure(ExitCode::cannot_connect, dialed.unknown);
  if (dialed.timed_out()) {
    std::string places;
    for (const Refusal& refusal : dialed.refusals) {
      if (!places.empty()) places += " or ";
      places +=
          dialed.refusals.size() > 1 ? refusal.address.to_string() : to_string(refusal.endpoint);
    }
    throw Failure(ExitCode::timed_out,
                  fmt::format("no connection to {} within {}; check the address, or wait longer "
                              "with --timeout",
                              places, format_duration(timeout)));
  }
  throw Failure(ExitCode::cannot_connect,
                cannot_connect(dialed.refusals,
                               "is reactord running there? Start it with 'systemctl start "
                               "reactord' or 'reactord', or name another server with --uri"));
}

IoResult failed_io() {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return IoResult::wait;
  return errno == EPIPE ? IoResult::closed : IoResult::reset;
}

}  // namespace

Connection::Connection(std::span<const Endpoint> endpoints, milliseconds timeout) {
  Dialed dialed = dial(endpoints, timeout, wait_until_connected);
  if (!dialed.fd) fail_to_connect(dialed, timeout);
  endpoint_ = dialed.endpoint;
  fd_ = std::move(dialed.fd);
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
