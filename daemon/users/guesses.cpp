// SPDX-License-Identifier: MIT
#include "daemon/users/guesses.h"

#include <algorithm>

namespace reactord {

TimePoint Guesses::note(const LoginSource& source, TimePoint now) {
  forget_oldest(now);
  Record& record = record_of(source);
  ++record.wrong;
  record.last = now;
  record.not_before = now;
  if (record.wrong > kFree) {
    Duration pause = kFirstPause;
    for (int i = kFree + 1; i < record.wrong && pause < kMostPause; ++i) pause *= 2;
    record.not_before += std::min(pause, kMostPause);
  }
  return record.not_before;
}

TimePoint Guesses::not_before(const LoginSource& source) const {
  const auto found = by_source_.find(source);
  return found == by_source_.end() ? TimePoint{} : found->second->not_before;
}

/// Which becomes the latest.
Guesses::Record& Guesses::record_of(const LoginSource& source) {
  const auto found = by_source_.find(source);
  if (found != by_source_.end()) {
    records_.splice(records_.end(), records_, found->second);
    return records_.back();
  }
  if (records_.size() >= kMaxSources) {
    by_source_.erase(records_.front().source);
    records_.pop_front();
  }
  records_.push_back({.source = source});
  try {
    by_source_.emplace(source, std::prev(records_.end()));
  } catch (...) {
    records_.pop_back();
    throw;
  }
  return records_.back();
}

/// Two for each that may come: so that they go, and no turn is long.
void Guesses::forget_oldest(TimePoint now) {
  for (int i = 0; i < 2 && !records_.empty() && now - records_.front().last > kMemory; ++i) {
    by_source_.erase(records_.front().source);
    records_.pop_front();
  }
}

}  // namespace reactord
