// SPDX-License-Identifier: MIT
#include "daemon/reload/reload_queue.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace reactord {

ReloadQueue::ReloadQueue(EventLoop& loop, Token token, HelperThread& helper, const Reload& reload,
                         const Config& running, Finish finish)
    : loop_(loop),
      helper_(helper),
      reload_(reload),
      running_(running),
      finish_(std::move(finish)),
      is_loaded_(std::make_shared<UniqueFd>(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {
  if (!*is_loaded_) throw std::system_error(errno, std::system_category(), "eventfd");
  if (const std::error_code error = loop_.watch_level(is_loaded_->get(), token, Priority::urgent))
    throw std::system_error(error, "epoll");
}

void ReloadQueue::ask(std::string request, Answer answer) {
  note(std::move(request));
  answers_.push_back(std::move(answer));
  if (loading_ == nullptr) begin();
}

void ReloadQueue::ask_in_a_while(std::string request) {
  note(std::move(request));
  schedule();
}

void ReloadQueue::answer_next(Answer answer) {
  if (answers_.size() < kMaxAnswers) answers_.push_back(std::move(answer));
}

/// The first one gives the reload its name.
void ReloadQueue::note(std::string request) {
  answers_.reserve(kMaxAnswers);
  if (request_.empty()) request_ = std::move(request);
}

void ReloadQueue::schedule() {
  if (timer_ != 0 || loading_ != nullptr) return;
  timer_ = loop_.timers().add(std::max(loop_.now(), next_), [this] {
    timer_ = 0;
    if (is_asked() && loading_ == nullptr) begin();
  });
}

void ReloadQueue::begin() {
  loop_.timers().cancel(std::exchange(timer_, 0));
  const auto job = std::make_shared<Job>();
  job->running = running_;
  // The file is read on the other thread, and its end wakes the loop.
  helper_.run([job, &reload = reload_, wake = is_loaded_] {
    job->plan = reload.plan(job->running);
    job->is_done = true;
    (void)::eventfd_write(wake->get(), 1);
  });
  loading_ = job;
  loading_request_ = std::exchange(request_, {});
  loading_answers_ = std::exchange(answers_, {});
}

/// Where it ends for want of memory nothing is given up: the next turn begins with it again.
void ReloadQueue::on_event() {
  eventfd_t count = 0;
  if (loading_ == nullptr || !loading_->is_done) {
    (void)::eventfd_read(is_loaded_->get(), &count);
    return;
  }
  const ReloadOutcome outcome = finish_(loading_request_, loading_->plan);
  (void)::eventfd_read(is_loaded_->get(), &count);
  loading_ = nullptr;
  const std::vector<Answer> answers = std::exchange(loading_answers_, {});
  next_ = loop_.now() + kPause;
  for (const Answer& answer : answers) answer(outcome);
  if (is_asked()) schedule();
}

}  // namespace reactord
