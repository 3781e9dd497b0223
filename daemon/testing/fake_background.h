// SPDX-License-Identifier: MIT
// Timers, offloaded work and watched descriptors of a service without a daemon: nothing happens
// until the test says so, and nothing but what it says. No thread, no descriptor, no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>

#include "daemon/interface/service.h"

namespace reactord::test {

/// Outlives what it gives out. An exception of a callback is the test's: it is passed on.
class FakeBackground : public Service {
 public:
  TimePoint time{};
  [[nodiscard]] TimePoint now() const override { return time; }

  // --- timers
  [[nodiscard]] std::unique_ptr<Timer> call_after(std::chrono::milliseconds delay,
                                                  std::function<void()> callback) override;
  [[nodiscard]] std::unique_ptr<Timer> call_every(std::chrono::milliseconds interval,
                                                  std::function<void()> callback) override;
  /// How many will call back.
  [[nodiscard]] std::size_t timers() const { return timers_.size(); }
  /// The clock moves on, and the timers that come due are called in order of time.
  void advance(std::chrono::milliseconds by);
  /// The clock moves to the nearest timer, which is called; false if there is none.
  bool run_timer();

  void charge(std::chrono::microseconds work) override { charged += work; }
  std::chrono::microseconds charged{0};

  // --- offloaded work
  [[nodiscard]] std::unique_ptr<Task> offload(
      std::function<void()> work, std::function<void(std::exception_ptr)> done) override;
  bool workers_are_full = false;
  /// Work that has not begun.
  [[nodiscard]] std::size_t tasks() const { return waiting_.size(); }
  /// Does the oldest work and tells its end; false if there is none.
  bool run_task() { return begin_task() && end_task(); }
  /// The same in two steps: what is done between them happens while the work is under way. The
  /// second is false if there is nobody to tell any more.
  bool begin_task();
  bool end_task();

  // --- watched descriptors
  /// Any number will do for a descriptor. Throws std::system_error where it is watched already.
  [[nodiscard]] std::unique_ptr<Watch> watch(int fd, Interest interest,
                                             std::function<void(FdEvent)> callback) override;
  [[nodiscard]] bool is_watched(int fd) const { return watches_.contains(fd); }
  /// Neither where it is not watched.
  [[nodiscard]] Interest interest_in(int fd) const;
  /// Tells of the event as far as there is interest; false if that leaves nothing to tell.
  bool fire(int fd, FdEvent event);
  /// Calls those that have asked to be woken, as a turn does at its end; how many.
  std::size_t run_woken();

 private:
  class FakeTimer;
  class FakeTask;
  class FakeWatch;
  struct Alarm {
    std::uint64_t id = 0;
    std::chrono::milliseconds interval{0};  ///< 0: once
    std::function<void()> callback;
  };
  struct Work {
    std::uint64_t id = 0;
    std::function<void()> work;
    std::function<void(std::exception_ptr)> done;
    std::exception_ptr problem = {};
  };
  struct Watched {
    std::uint64_t id = 0;
    Interest interest;
    std::function<void(FdEvent)> callback;
    bool is_woken = false;
  };

  [[nodiscard]] std::unique_ptr<Timer> add(TimePoint when, Alarm alarm);
  void call(int fd, FdEvent event);

  std::uint64_t last_id_ = 0;
  std::multimap<TimePoint, Alarm> timers_;
  std::uint64_t running_timer_ = 0;
  std::deque<Work> waiting_;
  std::deque<Work> begun_;
  std::map<int, Watched> watches_;
};

}  // namespace reactord::test
