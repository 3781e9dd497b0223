// SPDX-License-Identifier: MIT
// What all connections of a loop share, and use one after the other. Nothing in it is any one
// connection's beyond its turn.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/connection/connection_deadlines.h"
#include "daemon/connection/listener_latency.h"
#include "daemon/connection/login_gate.h"
#include "daemon/reactor/event_loop.h"
#include "protocol/buffers/buffer.h"
#include "protocol/buffers/buffer_pool.h"
#include "protocol/buffers/gather_list.h"
#include "protocol/framing/frame_parser.h"

namespace reactord {

class Connection;
class ConnectionHost;
class ConnectionNotes;
class RequestSink;

/// Whose requests wait; but not those of who is drained.
enum class Paused : std::uint8_t { nobody, clients, everyone };

/// What the loop lends to whichever connection it serves: the limits, the sinks, and large scratch
/// buffers, so that a connection at rest needs none of its own.
struct LoopContext {
  ParserLimits parser_limits;
  std::size_t output_high_water;
  ConnectionDeadlines deadlines;
  ConnectionHost& host;
  RequestSink& sink;
  /// What the pool holds at most, until a while has not needed it: 1 MiB each for as many
  /// clients as are likely to send that much at one time.
  static constexpr std::size_t kMaxPoolBytes = 32u << 20;
  const Connection* serving = nullptr;  ///< whose turn it is
  WorkUnits share_left = 0;             ///< of its share of the turn
  WorkUnits work = 0;                   ///< of whoever was served since take_work()
  WorkUnits charged = 0;                ///< by charge(), since a limited turn has begun
  std::uint64_t received = 0;           ///< bytes, of all connections
  Paused paused = Paused::nobody;       ///< whose requests wait
  TimePoint arrived{};                  ///< the turn in which what is being served had come
  std::string_view refusal{};           ///< the error of requests that are refused in this turn
  /// Of clients that have to log in and have not.
  ParserLimits login_limits{.max_frame_bytes = kMaxLoginFrameBytes,
                            .max_arguments = kMaxLoginArguments,
                            .max_inline_bytes = kMaxLoginFrameBytes};
  std::vector<const std::string*> command_names{};  ///< by the number of their commands
  LoginGate* gate = nullptr;           ///< null: there are no users, and nobody has to log in
  std::uint64_t users_generation = 0;  ///< principals of another one are to be renewed
  ConnectionNotes* notes = nullptr;    ///< null: nobody goes on after a crash
  Buffer input{};
  Buffer output{};
  GatherList borrowed{};  ///< of input or of kept input, in between the bytes of output
  BufferPool pool{kMaxPoolBytes};
  Frame frame{};
  ListenerLatency latencies{};

  /// The request under way costs this much more than an ordinary one.
  void charge(WorkUnits units) {
    const WorkUnits taken = std::min(share_left, units);
    share_left -= taken;
    charged += taken;
  }
  /// Bytes have come or gone. The kernel takes a microsecond for 8 KiB where it knows the memory,
  /// and for 1 KiB where it has to find it first: for 2 KiB, of many.
  void note_moved(std::size_t bytes) { work += static_cast<WorkUnits>(bytes >> 10); }
  [[nodiscard]] WorkUnits take_work() { return std::exchange(work, 0); }
  /// The turn under way has failed: nothing of it may reach the next connection.
  void give_up_turn() noexcept {
    serving = nullptr;
    output.clear();
    borrowed.clear();
  }
};

}  // namespace reactord
