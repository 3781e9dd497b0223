// SPDX-License-Identifier: MIT
// GCRA, the generic cell rate algorithm (ITU-T I.371, annex A, as virtual scheduling): so many in
// so long, and a burst. What it remembers of a client is one point in time: when the client will
// owe nothing any more. Time is the monotonic clock's, in nanoseconds. Knows no client and no
// table.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "daemon/reactor/clock.h"

namespace reactord {

class Gcra {
 public:
  /// `count` in each `period`, both above 0, and up to `burst` at once, at least 1.
  Gcra(std::uint64_t count, Duration period, std::uint64_t burst)
      : count_(count),
        period_ns_(static_cast<std::uint64_t>(period.count())),
        burst_(burst),
        burst_ns_(nanoseconds_for(burst)) {}

  /// When a client owes nothing any more; the clock's epoch, if it never did.
  using Debt = std::int64_t;

  [[nodiscard]] std::uint64_t burst() const { return burst_; }

  /// How long to wait until so many may be had; zero is now. Waiting exactly that long is enough,
  /// if nobody else takes any. None: more than the burst are never to be had at once.
  [[nodiscard]] std::optional<Duration> wait_for(Debt debt, TimePoint now,
                                                 std::uint64_t cost) const {
    if (cost > burst_) return std::nullopt;
    return Duration(std::max<std::int64_t>(0, nanoseconds_for(cost) - room(debt, now)));
  }

  /// How many may be had now, of which no more than `most` are asked for.
  [[nodiscard]] std::uint64_t allowance(Debt debt, TimePoint now, std::uint64_t most) const {
    const std::int64_t room_ns = room(debt, now);
    if (room_ns <= 0) return 0;
    if (room_ns >= nanoseconds_for(most)) return most;
    const Wide owed = static_cast<Wide>(room_ns) * count_;
    return static_cast<std::uint64_t>(owed / period_ns_);
  }

  /// So many were had, perhaps more than there were: the client owes them.
  void charge(Debt& debt, TimePoint now, std::uint64_t cost) const {
    debt = std::min(kMaxDebt, std::max(debt, nanoseconds_of(now)) + nanoseconds_for(cost));
  }

 private:
  __extension__ using Wide = unsigned __int128;

  /// 146 years: far from where adding one more could overflow.
  static constexpr std::int64_t kMaxDebt = std::int64_t{1} << 62;
  static constexpr std::uint64_t kMaxSpan = std::uint64_t{1} << 60;

  [[nodiscard]] static std::int64_t nanoseconds_of(TimePoint now) {
    return now.time_since_epoch().count();
  }
  /// Rounded up, so that no rounding gives anything away.
  [[nodiscard]] std::int64_t nanoseconds_for(std::uint64_t cost) const {
    // Nearly always it fits, and the division takes a quarter of the time.
    if (cost <= UINT64_MAX / 2 / period_ns_)
      return static_cast<std::int64_t>(
          std::min(kMaxSpan, (cost * period_ns_ + count_ - 1) / count_));
    const Wide span = (static_cast<Wide>(cost) * period_ns_ + count_ - 1) / count_;
    return static_cast<std::int64_t>(std::min<Wide>(kMaxSpan, span));
  }
  /// What is left of the burst, in time; below 0 where more was had than there was.
  [[nodiscard]] std::int64_t room(Debt debt, TimePoint now) const {
    return burst_ns_ - std::max<std::int64_t>(0, debt - nanoseconds_of(now));
  }

  std::uint64_t count_;
  std::uint64_t period_ns_;
  std::uint64_t burst_;
  std::int64_t burst_ns_;
};

}  // namespace reactord
