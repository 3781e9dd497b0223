// SPDX-License-Identifier: MIT
// Threads of the daemon as fibers: one runs at a time, until it blocks, and the seed says when its
// turn comes. The thread that began it all is the main one: while it blocks, time passes, and the
// others run.
#pragma once

#include <pthread.h>
#include <ucontext.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "tests/simulation/kernel/random.h"
#include "tests/simulation/kernel/timeline.h"

namespace simulation {

class Threads {
 public:
  /// Of the main thread: lets time pass until `is_ready`, or the deadline; false then.
  using Predicate = std::function<bool()>;

  Threads(Timeline& timeline, Random random);
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads();

  /// pthread_create(3): its number.
  [[nodiscard]] pthread_t start(void* (*function)(void*), void* argument);
  [[nodiscard]] bool has_ended(pthread_t number) const;
  [[nodiscard]] bool is_main() const { return running_ == nullptr; }
  /// Their process has gone: none of them runs any more.
  void drop_all();

  /// Whoever runs blocks until `is_ready`; false where the deadline came first.
  [[nodiscard]] bool block(const Predicate& is_ready, std::optional<Moment> deadline);
  /// All that is due happens, and whoever can run does, until nobody can.
  void settle();

  // --- condition variables, by their addresses ---
  [[nodiscard]] bool wait(const void* condition, pthread_mutex_t* mutex,
                          std::optional<Moment> deadline);
  void notify(const void* condition, bool is_all);

  /// Called where nothing will ever happen any more and the main thread waits without a deadline.
  std::function<void()> on_stuck;
  /// Called between any two steps of the world that the main thread waits through.
  std::function<void()> on_step;

 private:
  struct Fiber;
  struct Waiter {
    const void* condition;
    bool is_chosen = false;  ///< it will be notified: nobody else's notification is for it
    bool is_notified = false;
  };

  static void enter(unsigned high, unsigned low);
  void run(Fiber& fiber);
  [[nodiscard]] bool run_one();
  [[nodiscard]] bool can_run(const Fiber& fiber) const;
  void leave_fiber();
  [[nodiscard]] bool block_fiber(const Predicate& is_ready, std::optional<Moment> deadline);
  [[nodiscard]] Moment scheduling_delay();

  Timeline& timeline_;
  Random random_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Waiter*> waiters_;
  Fiber* running_ = nullptr;  ///< none: the main thread
  ucontext_t main_{};
};

}  // namespace simulation
