// SPDX-License-Identifier: MIT
// Timers of any length, once or again and again, for the few things that are not one of the regular
// deadlines.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "daemon/reactor/clock.h"

namespace reactord {

class TimerQueue {
 public:
  using TimerId = std::uint64_t;

  TimerId add(TimePoint when, std::function<void()> callback) {
    return add(when, Duration{0}, std::move(callback));
  }
  /// From `first` on each `interval`, which is above 0, until it is cancelled. What was missed is
  /// skipped, and the rhythm stays.
  TimerId add_repeating(TimePoint first, Duration interval, std::function<void()> callback) {
    return add(first, interval, std::move(callback));
  }
  /// Harmless when the timer has fired or was cancelled before. A callback may cancel its own.
  void cancel(TimerId id);
  [[nodiscard]] std::optional<TimePoint> next() const;
  /// Calls back the timers due at `now`, at most so many, in order of time and then of adding. A
  /// timer added meanwhile waits for the next call, so that one which re-arms itself with no delay
  /// cannot hold the loop. Allocates nothing.
  /// One that throws for want of memory, which costs it nothing else, is due again after
  /// kRetryPause. False if one has.
  bool run_due(TimePoint now, std::size_t most = SIZE_MAX) noexcept;

  /// Long enough for others to give memory back.
  static constexpr auto kRetryPause = std::chrono::milliseconds(100);

 private:
  struct Timer {
    TimerId id;
    Duration interval;  ///< 0: once
    std::function<void()> callback;
  };
  using Timers = std::multimap<TimePoint, Timer>;
  TimerId add(TimePoint when, Duration interval, std::function<void()> callback);
  [[nodiscard]] Timers::iterator first_due(TimePoint now, TimerId newest);
  bool run(Timers::iterator timer, TimePoint now);

  Timers timers_;
  std::map<TimerId, Timers::iterator> by_id_;
  TimerId last_id_ = 0;
  TimerId running_ = 0;  ///< 0: none, or it was cancelled meanwhile
};

}  // namespace reactord
