// SPDX-License-Identifier: MIT
// Token buckets, counted as in GCRA (ITU-T I.371): of each bucket only the time at which it will be
// full again is kept, in units of what one token takes to come back. So all is exact integers, and
// a bucket that is full is no bucket at all. Knows no command and no clock but the time it is
// given.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rate_limiter {

using TimePoint = std::chrono::steady_clock::time_point;  // monotonic
using Duration = std::chrono::nanoseconds;

struct Rate {
  std::int64_t burst = 1;  ///< tokens of a full bucket
  Duration per_token{1};   ///< in which one comes back; times burst it fits in 63 bits
};

struct Taken {
  bool is_allowed = false;
  std::int64_t left = 0;  ///< tokens in the bucket now
  Duration wait{0};       ///< until the same cost is allowed, if nobody else takes; 0 if it was
};

class Buckets {
 public:
  /// At most so many that are not full. One more makes it forget the one that is nearest to full,
  /// whose user gains what it lacked: strangers with many names cannot lock anybody out.
  Buckets(Rate rate, std::size_t most) : rate_(rate), most_(most) {}

  void set(Rate rate, std::size_t most) {
    rate_ = rate;
    most_ = most;
  }

  /// `cost` is from 1 to burst. What is refused changes nothing.
  Taken take(std::string_view name, std::int64_t cost, TimePoint now);
  /// The tokens in it, and how long until it is full. Changes nothing.
  [[nodiscard]] Taken peek(std::string_view name, TimePoint now) const;
  /// Full again; false if it was.
  bool refill(std::string_view name, TimePoint now);

  /// Forgets at most so many that are full again; how many.
  std::size_t expire(TimePoint now, std::size_t most);
  [[nodiscard]] std::size_t size() const { return by_name_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>()(name);
    }
  };
  /// In order of when each is full; the view is of by_name_'s key, which never moves.
  using ByTime = std::multimap<TimePoint, std::string_view>;
  using ByName = std::unordered_map<std::string, ByTime::iterator, Hash, std::equal_to<>>;

  [[nodiscard]] TimePoint full_at(ByName::const_iterator bucket, TimePoint now) const;
  [[nodiscard]] std::int64_t tokens(TimePoint full_at, TimePoint now) const;
  void put(std::string_view name, TimePoint full_at);
  void forget(ByTime::iterator bucket);

  Rate rate_;
  std::size_t most_;
  ByTime by_time_;
  ByName by_name_;
};

}  // namespace rate_limiter
