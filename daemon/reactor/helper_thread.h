// SPDX-License-Identifier: MIT
// A thread for what would hold up the loop and needs nothing of it: one job after the other. It is
// started with the first job, and ends with its owner, once the jobs that it has are done.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace reactord {

class HelperThread {
 public:
  HelperThread() = default;
  HelperThread(const HelperThread&) = delete;
  HelperThread& operator=(const HelperThread&) = delete;
  ~HelperThread();

  /// Does `job` beside the caller; where the system gives no thread, within the call. Must not
  /// throw, and must share nothing with the loop.
  void run(std::function<void()> job);

 private:
  [[nodiscard]] bool start() noexcept;
  void work() noexcept;

  std::mutex mutex_;
  std::condition_variable has_news_;
  std::deque<std::function<void()>> jobs_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace reactord
