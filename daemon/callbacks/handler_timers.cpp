// SPDX-License-Identifier: MIT
#include "daemon/callbacks/handler_timers.h"

#include <algorithm>
#include <utility>

namespace reactord {

namespace {

class LoopTimer final : public Timer {
 public:
  LoopTimer(TimerQueue& timers, TimerQueue::TimerId id) : timers_(timers), id_(id) {}
  ~LoopTimer() override { timers_.cancel(id_); }

 private:
  TimerQueue& timers_;
  TimerQueue::TimerId id_;
};

}  // namespace

std::unique_ptr<Timer> HandlerTimers::call_after(HandlerCall caller,
                                                 std::chrono::milliseconds delay,
                                                 std::function<void()> callback) {
  TimerQueue& timers = loop_.timers();
  return std::make_unique<LoopTimer>(
      timers, timers.add(loop_.now() + delay, guarded(std::move(caller), std::move(callback))));
}

std::unique_ptr<Timer> HandlerTimers::call_every(HandlerCall caller,
                                                 std::chrono::milliseconds interval,
                                                 std::function<void()> callback) {
  TimerQueue& timers = loop_.timers();
  interval = std::max(interval, std::chrono::milliseconds(1));
  return std::make_unique<LoopTimer>(
      timers, timers.add_repeating(loop_.now() + interval, interval,
                                   guarded(std::move(caller), std::move(callback))));
}

std::function<void()> HandlerTimers::guarded(HandlerCall caller, std::function<void()> callback) {
  caller.call = "a timer's callback";
  return [&guard = guard_, caller = std::move(caller), callback = std::move(callback)] {
    guard.run(caller, callback);
  };
}

}  // namespace reactord
