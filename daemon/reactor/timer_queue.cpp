// SPDX-License-Identifier: MIT
#include "daemon/reactor/timer_queue.h"

#include <utility>

namespace reactord {

TimerQueue::TimerId TimerQueue::add(TimePoint when, std::function<void()> callback) {
  const TimerId id = ++last_id_;
  by_id_[id] = timers_.emplace(when, Timer{id, std::move(callback)});
  return id;
}

void TimerQueue::cancel(TimerId id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  timers_.erase(found->second);
  by_id_.erase(found);
}

std::optional<TimePoint> TimerQueue::next() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

void TimerQueue::run_due(TimePoint now) {
  const TimerId newest = last_id_;
  auto at = timers_.begin();
  while (at != timers_.end() && at->first <= now) {
    if (at->second.id > newest) {
      ++at;
      continue;
    }
    const std::function<void()> callback = std::move(at->second.callback);
    by_id_.erase(at->second.id);
    timers_.erase(at);
    callback();
    at = timers_.begin();  // the callback may have added and cancelled
  }
}

}  // namespace reactord
