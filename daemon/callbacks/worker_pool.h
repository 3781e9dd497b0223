// SPDX-License-Identifier: MIT
// Threads for work that takes long, or waits. Each piece runs on one of them, and its end is told
// in the loop, some in each turn. Costs nothing before the first piece: no thread, no descriptor.
//
//   run() -> queued -> running, on a worker -> ended -> done(), from the loop
//
// Everything but the work itself happens on the loop's thread: calls, and the destruction of what
// work and done hold. A worker that hangs cannot be ended (a thread that is cancelled leaves locks
// behind), so end() leaves it behind, with all that it may touch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include "daemon/reactor/clock.h"
#include "daemon/reactor/event_loop.h"

namespace reactord {

class WorkerPool {
 public:
  using JobId = std::uint64_t;  ///< never used twice
  using Work = std::function<void()>;
  using Done = std::function<void(std::exception_ptr)>;

  struct Limits {
    std::size_t threads = 4;
    std::size_t jobs = 1000;  ///< queued, running and ended together
  };

  /// The loop knows the pool as `token`.
  WorkerPool(EventLoop& loop, Token token, Limits limits);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();

  struct Taken {
    JobId id =
        0;  ///< 0: refused, since there are too many or the pool has ended; or by the problem
    std::error_code problem = {};  ///< for which the system gives no thread or descriptor
  };
  /// What `work` throws is passed to `done`, which must not throw. Throws std::bad_alloc, and
  /// changes nothing then.
  [[nodiscard]] Taken run(Work work, Done done);
  /// Nothing is told of it any more: it does not begin, or runs to its end for nothing. Harmless
  /// where it has been told of already.
  void drop(JobId id);

  /// The loop has news of the token: tells of what has ended, at most so many; how many it told.
  std::size_t on_event();

  /// There is no job that has not ended, dropped ones included.
  [[nodiscard]] bool is_idle() const;
  /// What is queued is dropped, idle threads end, and those at work are left behind: how many. What
  /// they may touch must not be destroyed any more; see leave_behind().
  std::size_t end();

  struct Stats {
    std::size_t threads = 0;
    std::size_t queued = 0;
    std::size_t running = 0;
    std::uint64_t done = 0;     ///< ran to their end, for nothing or not
    std::uint64_t refused = 0;  ///< by run()
    Duration waited{0};         ///< for a thread, all together
    Duration worked{0};
  };
  [[nodiscard]] Stats stats() const;

 private:
  /// Of one turn: a handler's function is behind each.
  static constexpr std::size_t kMaxDonePerTurn = 16;

  struct Shared;

  [[nodiscard]] std::error_code open();
  [[nodiscard]] std::error_code start_thread();

  EventLoop& loop_;
  Token token_;
  Limits limits_;
  std::shared_ptr<Shared> shared_;  ///< the threads', too; null before the first job
  std::vector<std::thread> threads_;
  JobId last_id_ = 0;
  std::uint64_t refused_ = 0;
  bool has_ended_ = false;
};

/// Keeps `object` for as long as the process lives: a thread that hangs may touch it.
void leave_behind(std::shared_ptr<void> object);

}  // namespace reactord
