// SPDX-License-Identifier: MIT
#include "daemon/handover/take_over.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "daemon/handover/fd_passing.h"
#include "daemon/handover/handover_state.h"
#include "daemon/net/connecting_socket.h"
#include "daemon/net/peer_process.h"
#include "daemon/net/socket_address.h"
#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

/// A start takes some 50 ms; handlers may load something in theirs. Meanwhile all clients wait.
constexpr Milliseconds kMaxStart = std::chrono::seconds(5);
/// All that is owed is answered first, within a second, and packing thousands takes less.
constexpr Milliseconds kMaxPacking = std::chrono::seconds(30);
/// Longer than the other end can think about it: it has given up by then, and has said so.
constexpr Milliseconds kMaxAnswer = std::chrono::seconds(60);
/// So often somebody who waits looks whether it is to stop.
constexpr Milliseconds kGlance{100};
/// An error's text.
constexpr std::size_t kMaxLine = 4096;

/// As it is, or as a configuration has it.
UniqueFd connect_to(std::string path) {
  constexpr std::string_view kPrefix = "unix:";
  if (path.starts_with(kPrefix)) path.erase(0, kPrefix.size());
  ConnectResult result{.status = ConnectStatus::failed, .fd = {}, .error = ENAMETOOLONG};
  if (path.size() <= SocketAddress::kMaxPath)
    result = begin_connect(SocketAddress::unix_path(path));
  if (result.status == ConnectStatus::connected) return std::move(result.fd);
  throw std::runtime_error(
      fmt::format("cannot take over at {}: {}; name the Unix socket of an admin listener of the "
                  "daemon that serves",
                  path, std::strerror(result.error)));
}

/// Says what the other end has said instead, or what is wrong with the line.
std::string why_not(const TakeOverLine::Answer& answer, std::string_view expected) {
  if (!answer.problem.empty()) return answer.problem;
  if (answer.line == expected) return {};
  if (answer.line.starts_with('-')) return answer.line.substr(1);
  return fmt::format("it says '{}', and not '{}'", answer.line, expected);
}

}  // namespace

// --- TakeOverLine

bool TakeOverLine::wait_a_while(Clock::time_point end) const {
  const auto left = std::min(kGlance, std::chrono::ceil<Milliseconds>(end - Clock::now()));
  if (left.count() <= 0) return false;
  pollfd asked{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  // Where even that fails, the other end has not been silent for the time that it has: what it has
  // said is the end of one of the two processes.
  (void)::poll(&asked, 1, static_cast<int>(left.count()));
  return true;
}

TakeOverLine::Answer TakeOverLine::receive(Milliseconds most,
                                           const std::function<bool()>& is_stopped) {
  const Clock::time_point end = Clock::now() + most;
  for (;;) {
    if (const std::size_t at = received_.find("\r\n"); at != std::string::npos) {
      Answer answer{.line = received_.substr(0, at)};
      received_.erase(0, at + 2);
      return answer;
    }
    if (received_.size() >= kMaxLine) return {.problem = "it says more than a line"};
    FdMessage message = receive_with_fds(socket_.get(), kMaxLine - received_.size());
    if (!message.problem.empty()) return {.problem = std::move(message.problem), .has_ended = true};
    if (message.status == FdMessage::Status::end)
      return {.problem = "it has gone away", .has_ended = true};
    if (is_stopped && is_stopped()) return {.problem = "this process was told to stop"};
    if (message.status == FdMessage::Status::none_waits && !wait_a_while(end))
      return {.problem = fmt::format("it has said nothing for {} s", most.count() / 1000)};
    received_ += message.bytes;
    if (!message.fds.empty()) fd_ = std::move(message.fds.front());
  }
}

std::string TakeOverLine::send(std::string_view line, int fd) {
  const std::string bytes = fmt::format("{}\r\n", line);
  const std::span<const int> fds(&fd, fd >= 0 ? 1u : 0u);
  if (send_with_fds(socket_.get(), bytes, fds)) return {};
  has_gone_ = errno == EPIPE || errno == ECONNRESET;
  return fmt::format("cannot tell it '{}': {}", line.substr(0, line.find('\r')),
                     std::strerror(errno));
}

void TakeOverLine::send_without_memory(std::string_view whole_line) noexcept {
  (void)send_with_fds(socket_.get(), whole_line, {});
}

// --- Predecessor

Predecessor::Predecessor(const std::string& path) : line_(connect_to(path)) {}

UniqueFd Predecessor::take_parcel() {
  // An array: only who asks in RESP is answered in it.
  const std::string format = fmt::to_string(kStateFormat);
  std::string problem =
      line_.send(fmt::format("*2\r\n$8\r\nHANDOVER\r\n${}\r\n{}", format.size(), format));
  // Whoever sends nobody in has said why, and hung up.
  if (problem.empty() || line_.has_gone())
    problem = why_not(line_.receive(patience(), is_stopped_), "+OK");
  if (problem.empty()) {
    problem = why_not(line_.receive(kMaxPacking, is_stopped_), "+PARCEL");
    UniqueFd parcel = line_.take_fd();
    if (problem.empty() && parcel) return parcel;
    if (problem.empty()) problem = "nothing came with the parcel's line";
  }
  throw std::runtime_error("the process that serves does not hand over: " + problem);
}

/// What somebody has said who has gone is there already.
Milliseconds Predecessor::patience() const {
  return line_.has_gone() ? 10 * kGlance : kMaxAnswer;
}

std::string Predecessor::say_serving() {
  if (is_stopped_ && is_stopped_()) return "this process was told to stop";
  // One that has gone without a word serves nobody any more, and needs no telling.
  if (std::string problem = line_.send("SERVING"); !problem.empty() && !line_.has_gone())
    return problem;
  const TakeOverLine::Answer answer = line_.receive(patience());
  if (answer.has_ended) return {};
  const std::string problem = why_not(answer, "+OK");
  return problem.empty() ? problem : "the process before serves on: " + problem;
}

// --- Successor

Successor::Successor(UniqueFd socket) : line_(UniqueFd()) {
  if (const std::optional<PeerProcess> peer = peer_process_of(socket.get())) process_ = peer->pid;
  line_ = TakeOverLine(std::move(socket));
}

std::string Successor::give(const UniqueFd& parcel) {
  if (std::string problem = line_.send("+PARCEL", parcel.get()); !problem.empty()) return problem;
  const std::string problem = why_not(line_.receive(kMaxStart), "SERVING");
  return problem.empty() ? line_.send("+OK") : problem;
}

/// Said in any case: who hears nothing takes it that nobody serves here any more.
void Successor::refuse(std::string_view problem) noexcept {
  if (!has_memory_for([&] { (void)line_.send(fmt::format("-ERR {}", problem)); }))
    line_.send_without_memory("-ERR the system has no memory\r\n");
}

std::string why_no_successor(int socket) {
  const std::optional<PeerProcess> peer = peer_process_of(socket);
  if (!peer) return "it takes a Unix socket of an admin listener";
  if (peer->uid == ::geteuid() || peer->uid == 0) return {};
  return "only the user that the daemon runs as, and root, can take over from it";
}

}  // namespace reactord
