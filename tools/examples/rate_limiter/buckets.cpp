// SPDX-License-Identifier: MIT
#include "buckets.h"

#include <algorithm>
#include <utility>

namespace rate_limiter {

Taken Buckets::take(std::string_view name, std::int64_t cost, TimePoint now) {
  const auto known = by_name_.find(name);
  const TimePoint before = full_at(known, now);
  const TimePoint after = before + cost * rate_.per_token;
  const Duration beyond = after - now - rate_.burst * rate_.per_token;
  if (beyond > Duration{0}) return {false, tokens(before, now), beyond};
  if (known == by_name_.end()) {
    // Two go for each that comes, so that the table shrinks whatever the traffic.
    expire(now, 2);
    if (by_name_.size() >= most_ && !by_time_.empty()) forget(by_time_.begin());
    put(name, after);
  } else {
    auto moved = by_time_.extract(known->second);
    moved.key() = after;
    known->second = by_time_.insert(std::move(moved));
  }
  return {true, tokens(after, now), {}};
}

Taken Buckets::peek(std::string_view name, TimePoint now) const {
  const TimePoint full = full_at(by_name_.find(name), now);
  return {true, tokens(full, now), full - now};
}

bool Buckets::refill(std::string_view name, TimePoint now) {
  const auto known = by_name_.find(name);
  if (known == by_name_.end()) return false;
  const bool was_full = known->second->first <= now;
  forget(known->second);
  return !was_full;
}

std::size_t Buckets::expire(TimePoint now, std::size_t most) {
  std::size_t gone = 0;
  for (; gone < most && !by_time_.empty() && by_time_.begin()->first <= now; ++gone)
    forget(by_time_.begin());
  return gone;
}

/// Now, where it is full.
TimePoint Buckets::full_at(ByName::const_iterator bucket, TimePoint now) const {
  return bucket == by_name_.end() ? now : std::max(bucket->second->first, now);
}

/// A smaller burst by a reload may leave a bucket that lacks more than it can hold.
std::int64_t Buckets::tokens(TimePoint full_at, TimePoint now) const {
  const std::int64_t lacking = (full_at - now + rate_.per_token - Duration{1}) / rate_.per_token;
  return std::max<std::int64_t>(rate_.burst - lacking, 0);
}

void Buckets::put(std::string_view name, TimePoint full_at) {
  const auto bucket = by_name_.emplace(name, by_time_.end()).first;
  try {
    bucket->second = by_time_.emplace(full_at, bucket->first);
  } catch (...) {
    by_name_.erase(bucket);
    throw;
  }
}

void Buckets::forget(ByTime::iterator bucket) {
  by_name_.erase(by_name_.find(bucket->second));
  by_time_.erase(bucket);
}

}  // namespace rate_limiter
