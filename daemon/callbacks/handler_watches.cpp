// SPDX-License-Identifier: MIT
#include "daemon/callbacks/handler_watches.h"

#include <system_error>
#include <utility>

namespace reactord {

namespace {

EventLoop::Want want_of(Interest interest) {
  return {.readable = interest.readable, .writable = interest.writable};
}

}  // namespace

class HandlerWatches::LoopWatch final : public Watch {
 public:
  using Callback = std::function<void(FdEvent)>;

  LoopWatch(HandlerWatches& watches, Token token, HandlerCall caller, int fd, Interest interest,
            Callback callback)
      : watches_(watches),
        token_(token),
        fd_(fd),
        interest_(interest),
        target_(std::make_shared<Target>(Target{std::move(caller), std::move(callback)})) {
    watches_.watches_.emplace(token_, this);
  }
  ~LoopWatch() override {
    watches_.watches_.erase(token_);
    if (is_watched_) watches_.loop_.forget(fd_);
  }

  void begin() {
    if (const std::error_code error = watches_.loop_.watch_for(fd_, token_, want_of(interest_)))
      throw std::system_error(error, "a descriptor to watch");
    is_watched_ = true;
  }

  void set_interest(Interest interest) override {
    if (interest == interest_) return;
    if (const std::error_code error = watches_.loop_.change_watch(fd_, token_, want_of(interest)))
      throw std::system_error(error, "a descriptor to watch");
    interest_ = interest;
  }

  void wake() override {
    if (is_woken_) return;
    watches_.loop_.make_ready(token_);
    is_woken_ = true;
  }

  /// The callback may destroy this.
  void tell(Readiness readiness) noexcept {
    const FdEvent event{.readable = interest_.readable && (readiness.readable || readiness.hung_up),
                        .writable = interest_.writable && (readiness.writable || readiness.hung_up),
                        .hung_up = readiness.hung_up,
                        .woken = readiness.is_none()};
    if (event.woken) is_woken_ = false;
    // What epoll has told before the interest changed.
    if (!event.readable && !event.writable && !event.hung_up && !event.woken) return;
    const std::shared_ptr<Target> target = target_;
    watches_.guard_.run(target->caller, [&] { target->callback(event); });
  }

 private:
  struct Target {
    HandlerCall caller;
    Callback callback;
  };

  HandlerWatches& watches_;
  Token token_;
  int fd_;
  Interest interest_;
  std::shared_ptr<Target> target_;  ///< lives as long as it is called
  bool is_watched_ = false;
  bool is_woken_ = false;
};

std::unique_ptr<Watch> HandlerWatches::watch(HandlerCall caller, int fd, Interest interest,
                                             std::function<void(FdEvent)> callback) {
  if (watches_.size() >= kMaxWatches)
    throw std::system_error(ENOSPC, std::system_category(), "too many descriptors are watched");
  caller.call = "a watched descriptor's callback";
  caller.client = 0;  // it is the handler's, whoever has asked for it
  caller.peer.clear();
  auto watch = std::make_unique<LoopWatch>(*this, take_token(), std::move(caller), fd, interest,
                                           std::move(callback));
  watch->begin();
  return watch;
}

Token HandlerWatches::take_token() {
  do {
    last_token_ = last_token_ + 1 == end_token_ ? first_token_ : last_token_ + 1;
  } while (watches_.contains(last_token_));
  return last_token_;
}

void HandlerWatches::on_event(Token token, Readiness readiness) noexcept {
  const auto found = watches_.find(token);
  if (found != watches_.end()) found->second->tell(readiness);
}

}  // namespace reactord
