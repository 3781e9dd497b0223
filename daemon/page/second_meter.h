// SPDX-License-Identifier: MIT
// What the daemon did in the last second: the difference between two looks at its counters. Reads
// them, counts nothing itself, and knows nobody who is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/metrics/daemon_metrics.h"

namespace reactord {

/// Durations in nanoseconds, right to one percent; 0 where there was none.
struct Spread {
  std::uint64_t p50 = 0;
  std::uint64_t p90 = 0;
  std::uint64_t p99 = 0;
  std::uint64_t p999 = 0;
  std::uint64_t most = 0;
};

struct Second {
  std::int64_t ended_at = 0;  ///< in milliseconds since 1970
  double seconds = 0;         ///< as long as it was
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  Spread latency{};  ///< of requests, as LATENCY HISTOGRAM has it
  std::uint64_t turns = 0;
  Spread turn{};    ///< of the loop
  double busy = 0;  ///< seconds that its turns took
  double cpu = 0;   ///< of all threads, in seconds
  std::size_t clients = 0;
  std::uint64_t opened = 0;
  std::uint64_t closed = 0;
  std::uint64_t refused = 0;
};

class SecondMeter {
 public:
  /// The first second begins now.
  explicit SecondMeter(const MetricsSources& of);

  /// Ends the second, and begins the next.
  [[nodiscard]] Second finish();
  /// Calls of each command in the second that has ended, by its number.
  [[nodiscard]] const std::vector<std::uint64_t>& calls() const { return calls_; }

 private:
  /// Counters as they are at a time.
  struct Look {
    TimePoint at{};
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;
    std::uint64_t opened = 0;
    std::uint64_t closed = 0;
    std::uint64_t refused = 0;
    double cpu = 0;
    Histogram latency{};
    Histogram turns{};
  };
  [[nodiscard]] Look look() const;
  void count_calls();

  MetricsSources of_;
  Look last_;
  std::vector<std::uint64_t> calls_;
  std::vector<std::uint64_t> all_calls_;  ///< up to the last look
};

}  // namespace reactord
