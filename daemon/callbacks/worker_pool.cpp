// SPDX-License-Identifier: MIT
#include "daemon/callbacks/worker_pool.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

#include "daemon/crash/crash_report.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

namespace {

struct Job {
  WorkerPool::Work work;
  WorkerPool::Done done;  ///< the loop's alone; empty: dropped
  std::exception_ptr problem = {};
  TimePoint since{};       ///< in its state
  std::size_t thread = 0;  ///< on which it runs
};

/// Moving from one to another wants no memory.
using Jobs = std::map<WorkerPool::JobId, Job>;

}  // namespace

/// What the threads know. They hold it, too: one that is left behind may outlive the pool.
struct WorkerPool::Shared {
  mutable std::mutex mutex;
  std::condition_variable has_news;
  Jobs queued;
  Jobs running;
  Jobs ended;
  std::size_t idle = 0;  ///< threads that wait
  bool is_ending = false;
  UniqueFd has_ended;  ///< eventfd(2); readable exactly while `ended` is not empty
  std::uint64_t done = 0;
  Duration waited{0};
  Duration worked{0};

  void work(std::size_t thread) noexcept;
  void run_one(std::unique_lock<std::mutex>& lock, std::size_t thread);
};

void WorkerPool::Shared::work(std::size_t thread) noexcept {
  const CrashStack stack;  // handlers' work may use up the thread's own
  std::unique_lock lock(mutex);
  while (true) {
    ++idle;
    has_news.wait(lock, [this] { return is_ending || !queued.empty(); });
    --idle;
    if (is_ending) return;
    run_one(lock, thread);
  }
}

void WorkerPool::Shared::run_one(std::unique_lock<std::mutex>& lock, std::size_t thread) {
  const auto moved = running.insert(queued.extract(queued.begin())).position;
  Job& job = moved->second;
  const TimePoint began = std::chrono::steady_clock::now();
  waited += began - std::exchange(job.since, began);
  job.thread = thread;
  lock.unlock();
  std::exception_ptr problem;
  try {
    job.work();
  } catch (...) {
    problem = std::current_exception();
  }
  const TimePoint end = std::chrono::steady_clock::now();
  lock.lock();
  job.problem = std::move(problem);
  worked += end - began;
  ++done;
  if (ended.empty()) (void)::eventfd_write(has_ended.get(), 1);
  ended.insert(running.extract(moved));
}

WorkerPool::WorkerPool(EventLoop& loop, Token token, Limits limits)
    : loop_(loop), token_(token), limits_(limits) {}

WorkerPool::~WorkerPool() {
  (void)end();
}

WorkerPool::Taken WorkerPool::run(Work work, Done done) {
  ++refused_;  // until it is taken
  if (has_ended_) return {};
  if (const std::error_code problem = open()) return {.problem = problem};
  Jobs fresh;
  const JobId id = last_id_ + 1;
  fresh.emplace(id, Job{std::move(work), std::move(done), {}, std::chrono::steady_clock::now()});
  {
    const std::lock_guard lock(shared_->mutex);
    const std::size_t jobs =
        shared_->queued.size() + shared_->running.size() + shared_->ended.size();
    if (jobs >= limits_.jobs) return {};
    // Before it is queued: where no thread can be had, nothing has happened.
    if (shared_->queued.size() >= shared_->idle && threads_.size() < limits_.threads)
      if (const std::error_code problem = start_thread()) return {.problem = problem};
    shared_->queued.insert(fresh.extract(fresh.begin()));
  }
  --refused_;
  last_id_ = id;
  shared_->has_news.notify_one();
  return {.id = id};
}

std::error_code WorkerPool::open() {
  if (shared_ != nullptr) return {};
  auto shared = std::make_shared<Shared>();
  shared->has_ended.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!shared->has_ended) return {errno, std::system_category()};
  if (const std::error_code problem = loop_.watch_level(shared->has_ended.get(), token_))
    return problem;
  shared_ = std::move(shared);
  return {};
}

/// One thread is enough to go on with.
std::error_code WorkerPool::start_thread() {
  threads_.reserve(limits_.threads);
  try {
    threads_.emplace_back([shared = shared_, number = threads_.size()] { shared->work(number); });
  } catch (const std::system_error& error) {
    if (threads_.empty()) return error.code();
  }
  return {};
}

/// What is let go is destroyed outside of the lock: it may ask for anything.
void WorkerPool::drop(JobId id) {
  if (shared_ == nullptr) return;
  Jobs::node_type gone;
  Done done;
  const std::lock_guard lock(shared_->mutex);
  if (const auto running = shared_->running.find(id); running != shared_->running.end())
    done = std::exchange(running->second.done, {});
  else if (gone = shared_->queued.extract(id); gone.empty())
    if (const auto ended = shared_->ended.find(id); ended != shared_->ended.end())
      done = std::exchange(ended->second.done, {});
}

std::size_t WorkerPool::on_event() {
  std::size_t told = 0;
  while (shared_ != nullptr && told < kMaxDonePerTurn) {
    Jobs::node_type job;
    {
      const std::lock_guard lock(shared_->mutex);
      if (shared_->ended.empty()) break;
      job = shared_->ended.extract(shared_->ended.begin());
      eventfd_t count = 0;
      if (shared_->ended.empty()) (void)::eventfd_read(shared_->has_ended.get(), &count);
    }
    ++told;
    if (job.mapped().done) job.mapped().done(std::move(job.mapped().problem));
  }
  return told;
}

bool WorkerPool::is_idle() const {
  if (shared_ == nullptr) return true;
  const std::lock_guard lock(shared_->mutex);
  return shared_->queued.empty() && shared_->running.empty() && shared_->ended.empty();
}

std::size_t WorkerPool::end() {
  if (std::exchange(has_ended_, true) || shared_ == nullptr) return 0;
  Jobs queued;
  Jobs ended;
  std::vector<Done> dropped;
  dropped.reserve(threads_.size());
  std::vector<bool> is_busy(threads_.size(), false);
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->is_ending = true;
    queued.swap(shared_->queued);
    ended.swap(shared_->ended);
    for (auto& [id, job] : shared_->running) {
      is_busy[job.thread] = true;
      dropped.push_back(std::exchange(job.done, {}));
    }
  }
  loop_.forget(shared_->has_ended.get());
  shared_->has_news.notify_all();
  std::size_t left = 0;
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (is_busy[i]) {
      ++left;
      threads_[i].detach();
    } else {
      threads_[i].join();
    }
  }
  if (left > 0) leave_behind(shared_);
  return left;
}

WorkerPool::Stats WorkerPool::stats() const {
  Stats stats{.threads = threads_.size(), .refused = refused_};
  if (shared_ == nullptr) return stats;
  const std::lock_guard lock(shared_->mutex);
  stats.queued = shared_->queued.size();
  stats.running = shared_->running.size();
  stats.done = shared_->done;
  stats.waited = shared_->waited;
  stats.worked = shared_->worked;
  return stats;
}

/// Reachable until the end, and never destroyed.
void leave_behind(std::shared_ptr<void> object) {
  static auto& left = *new std::vector<std::shared_ptr<void>>;
  left.push_back(std::move(object));
}

}  // namespace reactord
