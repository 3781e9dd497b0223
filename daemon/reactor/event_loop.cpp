// SPDX-License-Identifier: MIT
#include "daemon/reactor/event_loop.h"

#include <algorithm>
#include <cerrno>
#include <limits>

namespace reactord {

namespace {

std::error_code add(int epoll, int fd, std::uint32_t events, Token token) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.u64 = token;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) return {};
  return {errno, std::system_category()};
}

Readiness readiness_of(std::uint32_t events) noexcept {
  return {.readable = (events & EPOLLIN) != 0,
          .writable = (events & EPOLLOUT) != 0,
          .peer_finished = (events & EPOLLRDHUP) != 0,
          .hung_up = (events & (EPOLLHUP | EPOLLERR)) != 0,
          .urgent = (events & EPOLLPRI) != 0};
}

}  // namespace

EventLoop::EventLoop(const Clock& clock)
    : clock_(clock), epoll_(::epoll_create1(EPOLL_CLOEXEC)), now_(clock.now()), looked_at_(now_) {
  if (!epoll_) throw std::system_error(errno, std::system_category(), "epoll_create1");
}

std::error_code EventLoop::watch(int fd, Token token) noexcept {
  return add(epoll_.get(), fd, EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET, token);
}

std::error_code EventLoop::watch_level(int fd, Token token) noexcept {
  return add(epoll_.get(), fd, EPOLLIN, token);
}

void EventLoop::run_turn(EventSink& sink) {
  wait(sink);
  deliver_events(sink);
  serve_ready(sink);
  sink.on_deadlines(looked_at_);
  timers_.run_due(looked_at_);
  sink.on_turn_end();
  account_turn();
}

int EventLoop::wait_milliseconds(EventSink& sink) {
  if (!ready_.empty()) return 0;
  std::optional<TimePoint> next = timers_.next();
  if (const std::optional<TimePoint> deadline = sink.next_deadline())
    next = next ? std::min(*next, *deadline) : *deadline;
  if (!next) return -1;
  // From the time it is, not from the turn's: a deadline may have come while the turn ran. Rounded
  // up: waking early would spin until it comes.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - clock_.now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
}

void EventLoop::wait(EventSink& sink) {
  const int timeout = wait_milliseconds(sink);
  const int n =
      ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout);
  // EINTR is a turn without events. Any other failure would be a defect of ours (epoll_wait(2)).
  event_count_ = n > 0 ? static_cast<std::size_t>(n) : 0;
  note_looked(now_);
  now_ = clock_.now();
}

/// `poll_began`: at the latest; the time of the turn before, since reading the clock once more
/// would cost every turn. A timer that ends the sleep is run one poll later: by then it is certain
/// that nothing had come before it.
void EventLoop::note_looked(TimePoint poll_began) {
  full_turns_ = event_count_ == events_.size() ? full_turns_ + 1 : 0;
  if (full_turns_ % kMaxFullTurns == 0) looked_at_ = poll_began;
}

void EventLoop::deliver_events(EventSink& sink) {
  for (std::size_t i = 0; i < event_count_; ++i)
    sink.on_event(events_[i].data.u64, readiness_of(events_[i].events));
  stats_.events += event_count_;
}

void EventLoop::serve_ready(EventSink& sink) {
  // Those who become ready meanwhile wait for the next turn: new events get their chance in
  // between.
  serving_.swap(ready_);
  // Each once, however often it was queued: somebody who gets an event and a turn on the list at
  // the same time, and asks for more both times, would otherwise double his share turn by turn.
  std::sort(serving_.begin(), serving_.end());
  serving_.erase(std::unique(serving_.begin(), serving_.end()), serving_.end());
  for (const Token token : serving_) sink.on_event(token, {});
  serving_.clear();
}

void EventLoop::account_turn() {
  const Duration took = clock_.now() - now_;
  ++stats_.turns;
  stats_.busy += took;
  stats_.longest_turn = std::max(stats_.longest_turn, took);
}

}  // namespace reactord
