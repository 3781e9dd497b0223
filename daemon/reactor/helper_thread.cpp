// SPDX-License-Identifier: MIT
#include "daemon/reactor/helper_thread.h"

#include <exception>
#include <utility>

namespace reactord {

HelperThread::~HelperThread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  has_news_.notify_one();
  thread_.join();
}

void HelperThread::run(std::function<void()> job) {
  if (!start()) return job();
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  has_news_.notify_one();
}

/// False where there is no thread to be had: a limit of processes, or of memory (std::bad_alloc).
bool HelperThread::start() noexcept {
  if (thread_.joinable()) return true;
  try {
    thread_ = std::thread([this] { work(); });
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void HelperThread::work() noexcept {
  std::unique_lock lock(mutex_);
  while (true) {
    has_news_.wait(lock, [this] { return is_ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    {
      const std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
    }  // what the job holds is let go here, too
    lock.lock();
  }
}

}  // namespace reactord
