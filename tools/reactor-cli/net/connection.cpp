// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/net/connection.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "daemon/net/socket_stream.h"
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

Moved moved_by(const reactord::IoResult& result) {
  switch (result.status) {
    case IoStatus::ok:
      return Moved::some;
    case IoStatus::would_block:
      return Moved::none;
    case IoStatus::end:
      return Moved::closed;
    case IoStatus::cut_off:
    case IoStatus::lost:
      return result.error == EPIPE ? Moved::closed : Moved::reset;
  }
  return Moved::reset;
}

[[noreturn]] void fail_tls(const Endpoint& endpoint, const std::string& problem) {
  throw Failure(ExitCode::cannot_connect, tls_failure(endpoint, problem));
}

/// What a step of the handshake waits for; false at the deadline.
bool wait_for_step(const Handshake& handshake, HandshakeStep step, Clock::time_point deadline) {
  const short events = step == HandshakeStep::wants_write ? POLLOUT : POLLIN;
  std::array<pollfd, 1> fds = {{{handshake.fd(), events, 0}}};
  return poll_until(fds, deadline);
}

}  // namespace

Connection::Connection(std::span<const Endpoint> endpoints, milliseconds timeout,
                       const TlsFiles& tls) {
  const Clock::time_point deadline = Clock::now() + timeout;
  Dialed dialed = dial(endpoints, timeout, wait_until_connected);
  if (!dialed.fd) fail_to_connect(dialed, timeout);
  endpoint_ = dialed.endpoint;
  if (endpoint_.is_tls)
    shake_hands(std::move(dialed.fd), dialed.address, tls, remaining(deadline));
  else
    stream_ = std::make_unique<SocketStream>(std::move(dialed.fd), dialed.address);
}

void Connection::shake_hands(UniqueFd fd, const SocketAddress& address, const TlsFiles& files,
                             milliseconds timeout) {
  const TlsContextResult tls = tls_context_for(endpoint_, files);
  if (tls.context == nullptr) throw Failure(ExitCode::cannot_connect, tls.problem);
  const std::unique_ptr<Handshake> handshake = tls.context->begin(std::move(fd), address);
  if (handshake == nullptr) fail_tls(endpoint_, "there is no memory for it");
  const Clock::time_point deadline = Clock::now() + timeout;
  HandshakeStep step = handshake->advance();
  while (step == HandshakeStep::wants_read || step == HandshakeStep::wants_write) {
    if (!wait_for_step(*handshake, step, deadline))
      throw Failure(ExitCode::timed_out,
                    fmt::format("no TLS with {} in time; does it speak TLS there? wait longer with "
                                "--timeout",
                                to_string(endpoint_)));
    step = handshake->advance();
  }
  if (step != HandshakeStep::done) fail_tls(endpoint_, handshake->problem());
  stream_ = handshake->take_stream();
}

Moved Connection::read(std::span<char> room, std::size_t& bytes) {
  const reactord::IoResult result = stream_->receive(room);
  bytes = result.bytes;
  has_more_ = result.status == IoStatus::ok && result.has_more;
  return moved_by(result);
}

Moved Connection::write(std::string_view data, std::size_t& bytes) {
  bytes = 0;
  if (data.empty()) return Moved::some;
  const reactord::IoResult result = stream_->send(data);
  bytes = result.bytes;
  return moved_by(result);
}

void Connection::finish_writing() {
  // Fails only on a connection that has gone, which the next read tells.
  (void)stream_->send_end();
  (void)stream_->finish_sending();
}

Readiness Connection::wait(Readiness wanted, Deadline deadline, int input_fd) const {
  if (has_more_ && wanted.readable) return {.readable = true};
  short events = 0;
  if (wanted.readable) events |= POLLIN;
  if (wanted.writable) events |= POLLOUT;
  // A negative descriptor is one that poll(2) ignores: a hang-up nobody asks about would spin.
  std::array<pollfd, 2> fds = {
      {{events != 0 ? descriptor() : -1, events, 0}, {wanted.input ? input_fd : -1, POLLIN, 0}}};
  if (!poll_until(fds, deadline)) return {};
  constexpr short kTrouble = POLLHUP | POLLERR;
  Readiness ready;
  ready.readable = wanted.readable && (fds[0].revents & (POLLIN | kTrouble)) != 0;
  ready.writable = wanted.writable && (fds[0].revents & (POLLOUT | kTrouble)) != 0;
  ready.input = fds[1].revents != 0;
  return ready;
}

}  // namespace reactord::cli
