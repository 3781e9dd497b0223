// SPDX-License-Identifier: MIT
#include "daemon/reactor/timer_queue.h"

#include <algorithm>
#include <utility>

#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// The next one of the rhythm that is not over.
TimePoint next_beat(TimePoint last, Duration interval, TimePoint now) {
  const Duration late = std::max(now - last, Duration{0});
  return last + interval * (late / interval + 1);
}

}  // namespace

TimerQueue::TimerId TimerQueue::add(TimePoint when, Duration interval,
                                    std::function<void()> callback) {
  const TimerId id = last_id_ + 1;
  const auto place = by_id_.emplace(id, timers_.end()).first;
  try {
    place->second = timers_.emplace(when, Timer{id, interval, std::move(callback)});
  } catch (...) {
    by_id_.erase(place);
    throw;
  }
  return last_id_ = id;
}

void TimerQueue::cancel(TimerId id) {
  if (running_ == id) running_ = 0;
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  timers_.erase(found->second);
  by_id_.erase(found);
}

std::optional<TimePoint> TimerQueue::next() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

bool TimerQueue::run_due(TimePoint now, std::size_t most) noexcept {
  // Each callback may cancel others and add new ones: look anew after each.
  const TimerId newest = last_id_;
  bool had_memory = true;
  for (; most > 0; --most) {
    const auto timer = first_due(now, newest);
    if (timer == timers_.end()) break;
    had_memory = run(timer, now) && had_memory;
  }
  return had_memory;
}

TimerQueue::Timers::iterator TimerQueue::first_due(TimePoint now, TimerId newest) {
  for (auto at = timers_.begin(); at != timers_.end() && at->first <= now; ++at)
    if (at->second.id <= newest) return at;
  return timers_.end();
}

/// It is out of the queue while it runs, and returns to it where it is due again.
bool TimerQueue::run(Timers::iterator timer, TimePoint now) {
  Timers::node_type node = timers_.extract(timer);
  auto place = by_id_.extract(node.mapped().id);
  running_ = node.mapped().id;
  const bool had_memory = has_memory_for([&] { node.mapped().callback(); });
  const bool is_cancelled = std::exchange(running_, 0) == 0;
  const Duration interval = node.mapped().interval;
  if (is_cancelled || (had_memory && interval == Duration{0})) return had_memory;
  node.key() = had_memory ? next_beat(node.key(), interval, now) : now + kRetryPause;
  place.mapped() = timers_.insert(std::move(node));
  by_id_.insert(std::move(place));
  return had_memory;
}

}  // namespace reactord
