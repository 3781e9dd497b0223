// SPDX-License-Identifier: MIT
#include "daemon/testing/fake_background.h"

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

namespace reactord::test {

class FakeBackground::FakeTimer final : public Timer {
 public:
  FakeTimer(FakeBackground& service, std::uint64_t id) : service_(service), id_(id) {}
  ~FakeTimer() override {
    std::erase_if(service_.timers_, [this](const auto& timer) { return timer.second.id == id_; });
    if (service_.running_timer_ == id_) service_.running_timer_ = 0;
  }

 private:
  FakeBackground& service_;
  std::uint64_t id_;
};

class FakeBackground::FakeTask final : public Task {
 public:
  FakeTask(FakeBackground& service, std::uint64_t id) : service_(service), id_(id) {}
  ~FakeTask() override {
    std::erase_if(service_.waiting_, [this](const Work& work) { return work.id == id_; });
    for (Work& work : service_.begun_)
      if (work.id == id_) std::exchange(work.done, {});
  }

 private:
  FakeBackground& service_;
  std::uint64_t id_;
};

class FakeBackground::FakeWatch final : public Watch {
 public:
  FakeWatch(FakeBackground& service, int fd) : service_(service), fd_(fd) {}
  ~FakeWatch() override {
    // What the callback holds may watch the same descriptor anew.
    const auto gone = service_.watches_.extract(fd_);
  }
  void set_interest(Interest interest) override { service_.watches_.at(fd_).interest = interest; }
  void wake() override { service_.watches_.at(fd_).is_woken = true; }

 private:
  FakeBackground& service_;
  int fd_;
};

// --- timers

std::unique_ptr<Timer> FakeBackground::add(TimePoint when, Alarm alarm) {
  alarm.id = ++last_id_;
  timers_.emplace(when, std::move(alarm));
  return std::make_unique<FakeTimer>(*this, last_id_);
}

std::unique_ptr<Timer> FakeBackground::call_after(std::chrono::milliseconds delay,
                                                  std::function<void()> callback) {
  return add(time + delay, {.callback = std::move(callback)});
}

std::unique_ptr<Timer> FakeBackground::call_every(std::chrono::milliseconds interval,
                                                  std::function<void()> callback) {
  interval = std::max(interval, std::chrono::milliseconds(1));
  return add(time + interval, {.interval = interval, .callback = std::move(callback)});
}

void FakeBackground::advance(std::chrono::milliseconds by) {
  const TimePoint end = time + by;
  while (!timers_.empty() && timers_.begin()->first <= end) run_timer();
  time = end;
}

bool FakeBackground::run_timer() {
  if (timers_.empty()) return false;
  auto timer = timers_.extract(timers_.begin());
  time = std::max(time, timer.key());
  running_timer_ = timer.mapped().id;
  timer.mapped().callback();
  const bool is_wanted = std::exchange(running_timer_, 0) != 0;
  if (!is_wanted || timer.mapped().interval.count() == 0) return true;
  timer.key() += timer.mapped().interval;
  timers_.insert(std::move(timer));
  return true;
}

// --- offloaded work

std::unique_ptr<Task> FakeBackground::offload(std::function<void()> work,
                                              std::function<void(std::exception_ptr)> done) {
  if (workers_are_full) return nullptr;
  waiting_.push_back({++last_id_, std::move(work), std::move(done)});
  return std::make_unique<FakeTask>(*this, last_id_);
}

bool FakeBackground::begin_task() {
  if (waiting_.empty()) return false;
  begun_.push_back(std::move(waiting_.front()));
  waiting_.pop_front();
  try {
    begun_.back().work();
  } catch (...) {
    begun_.back().problem = std::current_exception();
  }
  return true;
}

bool FakeBackground::end_task() {
  if (begun_.empty()) return false;
  const Work work = std::move(begun_.front());
  begun_.pop_front();
  if (!work.done) return false;
  work.done(work.problem);
  return true;
}

// --- watched descriptors

std::unique_ptr<Watch> FakeBackground::watch(int fd, Interest interest,
                                             std::function<void(FdEvent)> callback) {
  if (watches_.contains(fd))
    throw std::system_error(EEXIST, std::generic_category(), "watch of a descriptor");
  watches_[fd] = {++last_id_, interest, std::move(callback)};
  return std::make_unique<FakeWatch>(*this, fd);
}

Interest FakeBackground::interest_in(int fd) const {
  const auto found = watches_.find(fd);
  return found == watches_.end() ? Interest{false, false} : found->second.interest;
}

bool FakeBackground::fire(int fd, FdEvent event) {
  const Interest interest = interest_in(fd);
  if (!is_watched(fd)) return false;
  event.readable = (event.readable || event.hung_up) && interest.readable;
  event.writable = (event.writable || event.hung_up) && interest.writable;
  event.woken = false;
  if (!event.readable && !event.writable && !event.hung_up) return false;
  call(fd, event);
  return true;
}

/// Those that ask meanwhile wait for the next turn.
std::size_t FakeBackground::run_woken() {
  std::vector<std::pair<int, std::uint64_t>> woken;
  for (auto& [fd, watched] : watches_)
    if (std::exchange(watched.is_woken, false)) woken.emplace_back(fd, watched.id);
  std::size_t called = 0;
  for (const auto& [fd, id] : woken) {
    const auto found = watches_.find(fd);
    if (found == watches_.end() || found->second.id != id) continue;
    ++called;
    call(fd, {.woken = true});
  }
  return called;
}

/// A copy: the callback may destroy its own watch.
void FakeBackground::call(int fd, FdEvent event) {
  const std::function<void(FdEvent)> callback = watches_.at(fd).callback;
  callback(event);
}

}  // namespace reactord::test
