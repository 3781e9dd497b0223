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

void TimerQueue::run_due(TimePoint now, std::size_t most) {
  // Each callback may cancel others and add new ones: go by the ids of those due now.
  for (const TimerId id : due(now, most)) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) continue;
    const std::function<void()> callback = std::move(found->second->second.callback);
    cancel(id);
    callback();
  }
}

std::vector<TimerQueue::TimerId> TimerQueue::due(TimePoint now, std::size_t most) const {
  std::vector<TimerId> ids;
  for (auto at = timers_.begin(); at != timers_.end() && at->first <= now && ids.size() < most;
       ++at)
    ids.push_back(at->second.id);
  return ids;
}

}  // namespace reactord
