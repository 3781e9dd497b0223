// SPDX-License-Identifier: MIT
#include "daemon/reactor/timer_queue.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <new>
#include <vector>

#include "tests/unit/support/fake_clock.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;
using Calls = std::vector<int>;

TEST_SUITE("timer_queue") {
  TEST_CASE("timers fire in order of time, then of adding, each once") {
    FakeClock clock;
    TimerQueue timers;
    Calls calls;
    timers.add(clock.now() + 2s, [&] { calls.push_back(3); });
    timers.add(clock.now() + 1s, [&] { calls.push_back(1); });
    timers.add(clock.now() + 1s, [&] { calls.push_back(2); });
    CHECK(timers.next() == clock.now() + 1s);

    clock.advance(1s - 1ns);
    timers.run_due(clock.now());
    CHECK(calls.empty());
    clock.advance(1ns);
    timers.run_due(clock.now());
    CHECK(calls == Calls{1, 2});
    CHECK(timers.next() == clock.now() + 1s);
    clock.advance(1h);
    timers.run_due(clock.now());
    timers.run_due(clock.now());
    CHECK(calls == Calls{1, 2, 3});
    CHECK(timers.next() == std::nullopt);
  }

  TEST_CASE("a cancelled timer does not fire, and cancelling is harmless at any time") {
    FakeClock clock;
    TimerQueue timers;
    Calls calls;
    const auto one = timers.add(clock.now(), [&] { calls.push_back(1); });
    const auto two = timers.add(clock.now(), [&] { calls.push_back(2); });
    timers.cancel(one);
    timers.cancel(one);
    timers.cancel(0);
    timers.run_due(clock.now());
    timers.cancel(two);
    CHECK(calls == Calls{2});
    CHECK(timers.next() == std::nullopt);
  }

  TEST_CASE("ids are not used again") {
    const FakeClock clock;
    TimerQueue timers;
    const auto one = timers.add(clock.now(), [] {});
    timers.cancel(one);
    const auto two = timers.add(clock.now(), [] {});
    CHECK(one != two);
    timers.cancel(one);
    CHECK(timers.next().has_value());
  }

  TEST_CASE("a callback cancels others that are due with it") {
    const FakeClock clock;
    TimerQueue timers;
    Calls calls;
    TimerQueue::TimerId second = 0;
    TimerQueue::TimerId third = 0;
    timers.add(clock.now(), [&] {
      calls.push_back(1);
      timers.cancel(second);
      timers.cancel(third);
    });
    second = timers.add(clock.now(), [&] { calls.push_back(2); });
    third = timers.add(clock.now() + 1s, [&] { calls.push_back(3); });
    timers.add(clock.now(), [&] { calls.push_back(4); });
    timers.run_due(clock.now() + 1s);
    CHECK(calls == Calls{1, 4});
  }

  TEST_CASE("a callback may cancel itself: it has fired already") {
    const FakeClock clock;
    TimerQueue timers;
    Calls calls;
    TimerQueue::TimerId self = 0;
    self = timers.add(clock.now(), [&] {
      timers.cancel(self);
      calls.push_back(1);
    });
    timers.run_due(clock.now());
    CHECK(calls == Calls{1});
  }

  TEST_CASE("one that re-arms itself with no delay fires once a run") {
    const FakeClock clock;
    TimerQueue timers;
    int fired = 0;
    std::function<void()> again = [&] {
      ++fired;
      timers.add(clock.now(), again);
    };
    timers.add(clock.now(), again);
    for (int run = 1; run <= 3; ++run) {
      timers.run_due(clock.now());
      CHECK(fired == run);
    }
  }

  TEST_CASE("one added for the past by a callback waits, and holds up no later one") {
    const FakeClock clock;
    TimerQueue timers;
    Calls calls;
    timers.add(clock.now(), [&] {
      calls.push_back(1);
      timers.add(clock.now() - 1h, [&] { calls.push_back(9); });
    });
    timers.add(clock.now(), [&] { calls.push_back(2); });
    timers.run_due(clock.now());
    CHECK(calls == Calls{1, 2});
    timers.run_due(clock.now());
    CHECK(calls == Calls{1, 2, 9});
  }

  TEST_CASE("what a callback holds lives until it returns, and no longer") {
    const FakeClock clock;
    TimerQueue timers;
    auto held = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = held;
    bool alive_within = false;
    timers.add(clock.now(), [&alive_within, own = std::move(held)] { alive_within = *own == 1; });
    timers.run_due(clock.now());
    CHECK(alive_within);
    CHECK(watched.expired());
  }

  TEST_CASE("of a crowd that is due, so many are called back at a time, in order") {
    FakeClock clock;
    TimerQueue timers;
    std::vector<int> called;
    for (int i = 0; i < 5; ++i) timers.add(clock.now(), [&called, i] { called.push_back(i); });
    timers.run_due(clock.now(), 3);
    CHECK(called == std::vector<int>{0, 1, 2});
    CHECK(timers.next() == clock.now());
    timers.run_due(clock.now(), 3);
    CHECK(called == std::vector<int>{0, 1, 2, 3, 4});
  }

  TEST_CASE("a repeating timer keeps its rhythm, and skips what it has missed") {
    FakeClock clock;
    TimerQueue timers;
    const TimePoint start = clock.now();
    int calls = 0;
    const auto id = timers.add_repeating(start + 10ms, 10ms, [&] { ++calls; });
    timers.run_due(start + 9ms);
    CHECK(calls == 0);
    timers.run_due(start + 10ms);
    timers.run_due(start + 10ms);
    CHECK(calls == 1);
    CHECK(timers.next() == start + 20ms);
    timers.run_due(start + 57ms);
    CHECK(calls == 2);
    CHECK(timers.next() == start + 60ms);
    timers.cancel(id);
    CHECK(timers.next() == std::nullopt);
  }

  TEST_CASE("a repeating timer's callback may cancel it") {
    const FakeClock clock;
    TimerQueue timers;
    int calls = 0;
    TimerQueue::TimerId self = 0;
    self = timers.add_repeating(clock.now(), 1ms, [&] {
      ++calls;
      timers.cancel(self);
    });
    timers.run_due(clock.now());
    timers.run_due(clock.now() + 1h);
    CHECK(calls == 1);
    CHECK(timers.next() == std::nullopt);
  }

  TEST_CASE("a repeating timer that had no memory is tried again, and goes on") {
    const FakeClock clock;
    TimerQueue timers;
    int calls = 0;
    timers.add_repeating(clock.now(), 1s, [&] {
      if (++calls == 1) throw std::bad_alloc();
    });
    CHECK_FALSE(timers.run_due(clock.now()));
    CHECK(timers.next() == clock.now() + TimerQueue::kRetryPause);
    CHECK(timers.run_due(clock.now() + TimerQueue::kRetryPause));
    CHECK(timers.next() == clock.now() + TimerQueue::kRetryPause + 1s);
    CHECK(calls == 2);
  }

  TEST_CASE("one that its callback has cancelled is not tried again") {
    const FakeClock clock;
    TimerQueue timers;
    TimerQueue::TimerId self = 0;
    self = timers.add(clock.now(), [&] {
      timers.cancel(self);
      throw std::bad_alloc();
    });
    CHECK_FALSE(timers.run_due(clock.now()));
    CHECK(timers.next() == std::nullopt);
  }
}

}  // namespace
}  // namespace reactord
