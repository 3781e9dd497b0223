// SPDX-License-Identifier: MIT
// An event loop whose time and events are a test's to decide, and to look at turn by turn.
#pragma once

#include <doctest/doctest.h>
#include <sys/timerfd.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/reactor/event_loop.h"
#include "tests/unit/support/fake_clock.h"
#include "tests/unit/support/sockets.h"

namespace reactord {

inline constexpr Token kOverslept = UINT64_MAX;

struct LoopEvent {
  Token token = 0;
  Readiness readiness;
};

/// Notes everything in the order in which it comes; a test may hook into each step.
class RecordingSink final : public EventSink {
 public:
  void on_event(Token token, Readiness readiness) noexcept override {
    events.push_back({token, readiness});
    steps.push_back("event " + std::to_string(token));
    if (react) react(token, readiness);
  }
  std::optional<TimePoint> next_deadline() noexcept override { return deadline; }
  void on_deadlines(TimePoint now) noexcept override {
    steps.push_back("deadlines");
    deadlines_seen_at = now;
  }
  void on_turn_end() noexcept override {
    steps.push_back("end");
    if (at_end) at_end();
  }

  [[nodiscard]] std::vector<Token> tokens() const {
    std::vector<Token> all;
    for (const LoopEvent& event : events) all.push_back(event.token);
    return all;
  }

  std::function<void(Token, Readiness)> react;
  std::function<void()> at_end;
  std::optional<TimePoint> deadline;
  TimePoint deadlines_seen_at;
  std::vector<LoopEvent> events;
  std::vector<std::string> steps;
};

/// A loop on a fake clock. A turn that sleeps where it should not is woken by a timer of the kernel
/// after a while, and has failed.
struct LoopFixture {
  LoopFixture() : alarm(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    const itimerspec patience{{}, {kPatienceMilliseconds / 1000, 0}};
    require(::timerfd_settime(alarm.get(), 0, &patience, nullptr) == 0, "timerfd_settime");
    require(!loop.watch_level(alarm.get(), kOverslept), "watch_level");
  }

  /// What came in one turn.
  std::vector<LoopEvent> turn() {
    sink.events.clear();
    sink.steps.clear();
    loop.run_turn(sink);
    for (const LoopEvent& event : sink.events) REQUIRE(event.token != kOverslept);
    return sink.events;
  }
  /// A turn that does not sleep though nothing has come.
  std::vector<LoopEvent> turn_now() {
    sink.deadline = clock.now();
    std::vector<LoopEvent> events = turn();
    sink.deadline.reset();
    return events;
  }
  /// Watches, and takes the first edge, with which every new socket says that it is writable.
  void watch_settled(int fd, Token token) {
    REQUIRE_FALSE(loop.watch(fd, token));
    const std::vector<LoopEvent> events = turn_now();
    REQUIRE(events.size() == 1);
    REQUIRE(events[0].token == token);
  }

  FakeClock clock;
  EventLoop loop{clock};
  RecordingSink sink;
  UniqueFd alarm;
};

}  // namespace reactord
