// SPDX-License-Identifier: MIT
// One-shot timers of any length, for the few things that are not one of the regular deadlines.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "daemon/reactor/clock.h"

namespace reactord {

class TimerQueue {
 public:
  using TimerId = std::uint64_t;

  TimerId add(TimePoint when, std::function<void()> callback);
  /// Harmless when the timer has fired or was cancelled before.
  void cancel(TimerId id);
  [[nodiscard]] std::optional<TimePoint> next() const;
  /// Calls back the timers due at `now`, at most so many, in order of time and then of adding. A
  /// timer added meanwhile waits for the next call, so that one which re-arms itself with no delay
  /// cannot hold the loop.
  void run_due(TimePoint now, std::size_t most = SIZE_MAX);

 private:
  struct Timer {
    TimerId id;
    std::function<void()> callback;
  };
  [[nodiscard]] std::vector<TimerId> due(TimePoint now, std::size_t most) const;

  std::multimap<TimePoint, Timer> timers_;
  std::map<TimerId, std::multimap<TimePoint, Timer>::iterator> by_id_;
  TimerId last_id_ = 0;
};

}  // namespace reactord
