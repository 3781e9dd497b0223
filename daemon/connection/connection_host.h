// SPDX-License-Identifier: MIT
// Those around a connection, as it sees them: who serves its requests, who is told what becomes of
// it, and who holds its client to a limit. What is behind them it does not know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/connection/client_figures.h"
#include "daemon/log/events.h"
#include "daemon/reactor/event_loop.h"
#include "protocol/buffers/buffer.h"
#include "protocol/framing/frame_parser.h"

namespace reactord {

class Connection;

/// What became of a request.
enum class ServeResult : std::uint8_t {
  replied,
  pending,      ///< the reply comes through Connection::complete(); until then its input waits
  overlapping,  ///< the same, but the next request may be served meanwhile, by serve_behind()
  not_yet,      ///< of serve_behind(): nothing was done, the frame waits until nothing is owed
  close_after_reply,  ///< what follows in the pipeline is not run
  quit,               ///< the same, because the client asked for it
};

class RequestSink {
 public:
  virtual ~RequestSink() = default;
  /// Serves one frame; its reply goes behind what `out` holds. The frame's views end with the call.
  /// Throws std::bad_alloc where there is no memory for it.
  [[nodiscard]] virtual ServeResult serve(Connection& connection, const Frame& frame,
                                          Buffer& out) = 0;
  /// The same where replies to earlier frames are owed: its own may not overtake them, and so is
  /// owed, too, unless none of the others is any more.
  [[nodiscard]] virtual ServeResult serve_behind(Connection& /*connection*/, const Frame& /*frame*/,
                                                 Buffer& /*out*/) {
    return ServeResult::not_yet;
  }
  /// The connection's batch is over.
  virtual void end_batch() noexcept = 0;
  /// The replies of the batches since the last call have been sent, as far as the kernel takes
  /// them. Their requests had come at `arrived`.
  virtual void on_sent(Connection& /*connection*/, TimePoint /*arrived*/) noexcept {}
  /// The same after serve() has thrown: what it has begun is forgotten.
  virtual void give_up_batch() noexcept { end_batch(); }
  /// An error was sent that answers no served frame: `error` begins with its code.
  /// Its code's number.
  virtual ClientFigures::ErrorNumber note_error(std::string_view /*error*/) noexcept { return 0; }
};

/// What a connection asks of those around it.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  [[nodiscard]] virtual TimePoint now() const noexcept = 0;
  /// Serve it again before the loop sleeps.
  virtual void make_ready(Connection& connection) noexcept = 0;
  /// The kernel has no memory for its socket: serve it again in a moment, by try_again().
  virtual void try_later(Connection& connection) noexcept = 0;
  /// It has stopped serving, for this reason; `detail` is the {problem} or {protocol} of the event.
  virtual void on_end(Connection& connection, CloseReason reason,
                      std::string_view detail) noexcept = 0;
  /// The client has sent FIN while a request of its waits for the reply.
  virtual void on_peer_finished(Connection& connection) noexcept = 0;
  /// What became of the bytes after want_receipt(): `arrived`, as far as can be known.
  virtual void on_receipt(Connection& connection, bool arrived) noexcept = 0;
  /// It is over: destroy it at the end of the turn.
  virtual void on_closed(Connection& connection) noexcept = 0;
  /// The bytes that its private buffers hold have changed by this much.
  virtual void on_memory_change(std::ptrdiff_t bytes) noexcept = 0;
};

/// Holds connections to what their clients may have (client_limits/). Asked once a turn, where the
/// connection has input.
class InputLimiter {
 public:
  virtual ~InputLimiter() = default;
  struct Grant {
    enum class What : std::uint8_t {
      serve,   ///< so many requests
      refuse,  ///< all are answered with `error`
      close,   ///< the same with one, which ends the connection
      hold,    ///< none until resume_input()
    };
    What what = What::serve;
    WorkUnits requests = 0;
    std::string_view error{};  ///< lasts until the next is asked for
  };
  /// Of at most `most` requests.
  [[nodiscard]] virtual Grant grant(Connection& connection, WorkUnits most) = 0;
  /// What has come of a grant: so many requests were served, or refused, and so many bytes came.
  virtual void settle(Connection& connection, const Grant& grant, std::uint64_t requests,
                      std::uint64_t bytes) = 0;
  /// A connection has begun (+1) or ended (-1), as the client and the user that it is now.
  virtual void count(Connection& connection, int change) = 0;
  /// It is about to be this user's: the error where the user may have no more, or "".
  [[nodiscard]] virtual std::string admit_user(Connection& connection, std::string_view user) = 0;
};

}  // namespace reactord
