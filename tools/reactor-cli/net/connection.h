// SPDX-License-Identifier: MIT
// A connection with deadlines, with TLS on it where its address says so. Knows neither requests nor
// replies.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "daemon/net/stream.h"
#include "daemon/reactor/unique_fd.h"
#include "tools/reactor-cli/net/endpoint.h"
#include "tools/reactor-cli/net/tls_dial.h"

namespace reactord::cli {

using Clock = std::chrono::steady_clock;
/// Until when to wait; nothing waits for ever.
using Deadline = std::optional<Clock::time_point>;

[[nodiscard]] inline Deadline deadline_in(std::chrono::milliseconds wait) {
  return Clock::now() + wait;
}

/// Thrown out of a wait by Ctrl-C, where the prompt has asked for it (see interrupt.h).
struct Interrupted {};

enum class Moved : std::uint8_t {
  some,    ///< some bytes were moved
  none,    ///< none can be now: poll
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
  /// Connects (dial.h), and shakes hands for TLS. Throws Failure: cannot_connect, timed_out.
  Connection(std::span<const Endpoint> endpoints, std::chrono::milliseconds timeout,
             const TlsFiles& tls);

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

  /// Never block.
  [[nodiscard]] Moved read(std::span<char> room, std::size_t& bytes);
  [[nodiscard]] Moved write(std::string_view data, std::size_t& bytes);

  /// Tells the server that nothing more comes; its answers can still be read.
  void finish_writing();

  /// Waits for what is `wanted` of the socket, and of `input_fd` for input. No readiness when the
  /// deadline has passed. Hang-ups and errors count as readable.
  [[nodiscard]] Readiness wait(Readiness wanted, Deadline deadline, int input_fd = -1) const;
  /// The socket, for those who wait for more than that. Never blocks.
  [[nodiscard]] int descriptor() const { return stream_->fd(); }
  /// There is more to read already, of which the descriptor does not tell.
  [[nodiscard]] bool has_more() const { return has_more_; }

 private:
  void shake_hands(UniqueFd fd, const SocketAddress& address, const TlsFiles& files,
                   std::chrono::milliseconds timeout);

  Endpoint endpoint_;
  std::unique_ptr<Stream> stream_;
  bool has_more_ = false;
};

}  // namespace reactord::cli
