// SPDX-License-Identifier: MIT
#include "daemon/reactor/event_loop.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "daemon/probes/probes.h"

namespace reactord {

namespace {

/// Of a descriptor that is never modified: all that there is, as edges.
constexpr std::uint32_t kAllEdges = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;

std::error_code control(int epoll, int operation, int fd, std::uint32_t events,
                        Token token) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.u64 = token;
  if (::epoll_ctl(epoll, operation, fd, &event) == 0) return {};
  return {errno, std::system_category()};
}

std::error_code add_to(int epoll, int fd, std::uint32_t events, Token token) noexcept {
  return control(epoll, EPOLL_CTL_ADD, fd, events, token);
}

/// Hang-ups cannot be declined: without an edge they would be told in each turn (epoll_ctl(2)).
std::uint32_t events_of(EventLoop::Want want) noexcept {
  const std::uint32_t events = (want.readable ? EPOLLIN : 0u) | (want.writable ? EPOLLOUT : 0u);
  return events == 0 ? static_cast<std::uint32_t>(EPOLLET) : events;
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
    : clock_(clock),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      now_(clock.now()),
      polled_at_(now_),
      looked_at_(now_) {
  if (!epoll_) throw std::system_error(errno, std::system_category(), "epoll_create1");
}

std::error_code EventLoop::watch(int fd, Token token, Priority priority) noexcept {
  return add(fd, kAllEdges, token, priority);
}

std::error_code EventLoop::rename(int fd, Token token, Priority priority) noexcept {
  const int epoll = priority == Priority::normal ? epoll_.get() : urgent_epoll_.get();
  return control(epoll, EPOLL_CTL_MOD, fd, kAllEdges, token);
}

std::error_code EventLoop::watch_level(int fd, Token token, Priority priority) noexcept {
  return add(fd, EPOLLIN, token, priority);
}

std::error_code EventLoop::watch_for(int fd, Token token, Want want) noexcept {
  return add_to(epoll_.get(), fd, events_of(want), token);
}

std::error_code EventLoop::change_watch(int fd, Token token, Want want) noexcept {
  return control(epoll_.get(), EPOLL_CTL_MOD, fd, events_of(want), token);
}

/// Fails only where the descriptor was closed before, which has taken it out.
void EventLoop::forget(int fd) noexcept {
  const bool is_forgotten = ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr) == 0;
  if (!is_forgotten && urgent_epoll_)
    (void)::epoll_ctl(urgent_epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

std::error_code EventLoop::add(int fd, std::uint32_t events, Token token,
                               Priority priority) noexcept {
  if (priority == Priority::normal) return add_to(epoll_.get(), fd, events, token);
  if (const std::error_code problem = open_urgent()) return problem;
  return add_to(urgent_epoll_.get(), fd, events, token);
}

/// A second instance, so that the urgent can be asked for alone.
std::error_code EventLoop::open_urgent() noexcept {
  if (urgent_epoll_) return {};
  UniqueFd urgent(::epoll_create1(EPOLL_CLOEXEC));
  if (!urgent) return {errno, std::system_category()};
  if (const std::error_code problem = add_to(epoll_.get(), urgent.get(), EPOLLIN, kUrgentToken))
    return problem;
  urgent_epoll_ = std::move(urgent);
  return {};
}

void EventLoop::run_turn(EventSink& sink) {
  const bool is_behind = !events_.empty();
  if (!is_behind) poll(sink);
  now_ = clock_.now();
  REACTORD_PROBE_TURN_BEGIN(events_.count);
  if (urgent_epoll_ && (is_behind || !urgent_events_.empty() || has_urgent_news()))
    serve_urgent(sink);
  if (!urgent_ready_.empty()) serve_ready(urgent_ready_, sink);
  serve_events(events_, sink);
  if (events_.empty()) looked_at_ = polled_at_;
  serve_ready(ready_, sink);
  sink.on_deadlines(looked_at_);
  if (!timers_.run_due(looked_at_, kMaxTimersPerTurn)) sink.on_timer_failed();
  sink.on_turn_end();
  account_turn(sink);
}

int EventLoop::wait_milliseconds(EventSink& sink) {
  if (std::exchange(must_stay_awake_, false)) return 0;
  if (!ready_.empty() || !urgent_ready_.empty() || !urgent_events_.empty()) return 0;
  std::optional<TimePoint> next = timers_.next();
  if (const std::optional<TimePoint> deadline = sink.next_deadline())
    next = next ? std::min(*next, *deadline) : *deadline;
  if (!next) return -1;
  // From the time it is, not from the turn's: a deadline may have come while the turn ran. Rounded
  // up: waking early would spin until it comes.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - clock_.now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
}

void EventLoop::poll(EventSink& sink) {
  take_events(epoll_.get(), wait_milliseconds(sink), events_);
  note_polled(now_);
}

/// `poll_began`: at the latest; the time of the turn before, since reading the clock once more
/// would cost every turn. A timer that ends the sleep is run one poll later: by then it is certain
/// that nothing had come before it.
void EventLoop::note_polled(TimePoint poll_began) {
  full_polls_ = events_.count == kMaxEvents ? full_polls_ + 1 : 0;
  if (full_polls_ % kMaxFullPolls == 0) polled_at_ = poll_began;
}

void EventLoop::take_events(int epoll, int timeout, EventBatch& batch) {
  const int n = ::epoll_wait(epoll, batch.events.data(), kMaxEvents, timeout);
  // EINTR is a turn without events. Any other failure would be a defect of ours (epoll_wait(2)).
  batch.count = n > 0 ? static_cast<std::size_t>(n) : 0;
  batch.next = 0;
}

bool EventLoop::has_urgent_news() const {
  const auto first = events_.events.begin();
  return std::any_of(first, first + static_cast<std::ptrdiff_t>(events_.count),
                     [](const epoll_event& event) { return event.data.u64 == kUrgentToken; });
}

void EventLoop::serve_urgent(EventSink& sink) {
  if (urgent_events_.empty()) take_events(urgent_epoll_.get(), 0, urgent_events_);
  serve_events(urgent_events_, sink);
}

void EventLoop::serve_events(EventBatch& batch, EventSink& sink) {
  begin_part();
  while (!batch.empty() && !is_part_over()) {
    const epoll_event& event = batch.events[batch.next++];
    if (event.data.u64 == kUrgentToken) continue;
    ++stats_.events;
    sink.on_event(event.data.u64, readiness_of(event.events));
  }
}

/// Those who become ready meanwhile wait for the next turn: new events get their chance in between.
void EventLoop::serve_ready(ReadyList& list, EventSink& sink) {
  begin_part();
  list.begin_round();
  while (!is_part_over()) {
    const std::optional<Token> token = list.take();
    if (!token) return;
    sink.on_event(*token, {});
  }
}

void EventLoop::account_turn(EventSink& sink) {
  const Duration took = clock_.now() - now_;
  REACTORD_PROBE_TURN_END(took.count());
  stats_.lengths.record(static_cast<std::uint64_t>(took.count()));
  if (took > slow_turn_) [[unlikely]]
    sink.on_slow_turn(took);
}

}  // namespace reactord
