// SPDX-License-Identifier: MIT
// What the daemon has on record for who asks why it was slow, and what it does just now: LATENCY,
// SLOWLOG, MONITOR, DEBUG DUMP. Implemented by the daemon and by the tests' fake.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reactord {

/// How long a command's requests took, from the turn of the loop in which their last bytes came to
/// the kernel's taking their replies.
struct CommandLatency {
  std::string command;  ///< "client|list"; "(unknown)" of all names that are no command's
  std::uint64_t requests = 0;
  struct Step {
    std::uint64_t usec = 0;      ///< a power of two of 1024 ns, rounded down
    std::uint64_t requests = 0;  ///< that took no longer
  };
  std::vector<Step> steps = {};  ///< rising; those that add no request are left out
};

/// Turns of the loop that took longer than latency.slow_turn: everyone waits for a turn.
struct SlowTurns {
  struct Sample {
    std::int64_t time = 0;  ///< in seconds since 1970
    std::int64_t ms = 0;    ///< the longest of that second
    bool operator==(const Sample&) const = default;
  };
  std::vector<Sample> samples = {};  ///< the latest ones, oldest first
  std::int64_t longest_ms = 0;       ///< of all since they were forgotten
};

/// A command that took longer than slowlog.slower_than.
struct SlowRequest {
  std::uint64_t id = 0;   ///< counts up from 0, never used twice
  std::int64_t time = 0;  ///< of its end, in seconds since 1970
  std::chrono::microseconds took{0};
  /// Its reply came later: `took` is what somebody behind the daemon took, a worker or a backend.
  bool is_deferred = false;
  std::uint64_t calls = 1;              ///< so many in a row took that together
  std::vector<std::string> words = {};  ///< of the first of them; shortened, and without secrets
  std::string peer = {};
  std::string client_name = {};
  std::string traceparent = {};  ///< of the trace that it was part of; "" for none
};

/// All that there is to tell of the daemon's state, as one JSON document.
class StateDump {
 public:
  virtual ~StateDump() = default;
  /// Writes a part worth some 100 microseconds; false where that was the last one.
  virtual bool write_some() = 0;
  /// What is written so far.
  [[nodiscard]] virtual std::string_view text() const = 0;
};

class Diagnostics {
 public:
  virtual ~Diagnostics() = default;

  /// Walks the commands that have answered, by name: fills `latency` with the next one at or behind
  /// `cursor` (0 at first) and advances it; false at the end.
  virtual bool next_latency(std::size_t& cursor, CommandLatency& latency) const = 0;

  [[nodiscard]] virtual const SlowTurns& slow_turns() const = 0;
  virtual void forget_slow_turns() = 0;

  using SlowRequests = std::vector<std::shared_ptr<const SlowRequest>>;
  /// The latest ones, newest first.
  [[nodiscard]] virtual SlowRequests slow_requests(std::size_t most) const = 0;
  [[nodiscard]] virtual std::size_t slow_request_count() const = 0;
  virtual void forget_slow_requests() = 0;

  /// From now on `told` is called from the loop with what is run, `count` lines in the form of
  /// MONITOR, each ended by \n, and passes that on to so many watchers; to 0 ends it. The more they
  /// are, the fewer lines are told, so that it costs others little.
  using RequestsTold = std::function<void(std::string_view lines, std::size_t count)>;
  virtual void watch_requests(std::size_t watchers, RequestsTold told) = 0;

  /// `why` tells in it who has asked. Not to be kept beyond the daemon's service.
  [[nodiscard]] virtual std::unique_ptr<StateDump> begin_dump(std::string_view why) const = 0;
};

}  // namespace reactord
