// SPDX-License-Identifier: MIT
// A connected socket with deadlines. The one place of the client that knows errno from sockets.
// Knows neither requests nor replies.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "daemon/reactor/unique_fd.h"
#include "tools/reactor-cli/net/endpoint.h"

namespace reactord::cli {

using Clock = std::chrono::steady_clock;
/// Until when to wait; nothing waits for ever.
using Deadline = std::optional<Clock::time_point>;

[[nodiscard]] inline Deadline deadline_in(std::chrono::milliseconds wait) {
  return Clock::now() + wait;
}

/// Thrown out of a wait by Ctrl-C, where the prompt has asked for it (see interrupt.h).
struct Interrupted {};

enum class IoResult : std::uint8_t {
  done,    ///< some bytes were moved
  wait,    ///< none can be now: poll
  closed,  ///< the other side has finished (read) or takes no more (write)
  reset,   ///< the connection was torn down
};

struct Readiness {
  bool readable = false;  ///< the socket
  bool writable = false;
  bool input = false;  ///< the other descriptor
  [[nodiscard]] bool any() const { return readable || writable || input; }
};

class Connection {
 public:
  /// Connects (dial.h). Throws Failure: cannot_connect, timed_out.
  Connection(std::span<const Endpoint> endpoints, std::chrono::milliseconds timeout);

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

  /// Never block.
  [[nodiscard]] IoResult read(std::span<char> room, std::size_t& bytes);
  [[nodiscard]] IoResult write(std::string_view data, std::size_t& bytes);

  /// Tells the server that nothing more comes; its answers can still be read.
  void finish_writing();

  /// Waits for what is `wanted` of the socket, and of `input_fd` for input. No readiness when the
  /// deadline has passed. Hang-ups and errors count as readable.
  [[nodiscard]] Readiness wait(Readiness wanted, Deadline deadline, int input_fd = -1) const;
  /// The socket, for those who wait for more than that. Never blocks.
  [[nodiscard]] int descriptor() const { return fd_.get(); }

 private:
  Endpoint endpoint_;
  UniqueFd fd_;
};

}  // namespace reactord::cli
