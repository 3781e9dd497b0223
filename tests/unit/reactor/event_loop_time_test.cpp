// SPDX-License-Identifier: MIT
// The event loop's sleep, deadlines, timers and statistics.
#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <sys/time.h>

#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include "daemon/reactor/event_loop.h"
#include "tests/unit/support/loop_fixture.h"
#include "tests/unit/support/sockets.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

/// That many descriptors, each with one edge to deliver.
std::vector<UniqueFd> watch_ready(EventLoop& loop, std::size_t count) {
  std::vector<UniqueFd> fds;
  for (Token token = 1; token <= count; ++token) {
    fds.emplace_back(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
    REQUIRE_FALSE(loop.watch(fds.back().get(), token));
  }
  return fds;
}

TEST_SUITE("event_loop: time") {
  TEST_CASE("a turn goes: events, ready list, deadlines, timers, end") {
    LoopFixture f;
    const SocketPair pair = unix_pair();
    REQUIRE_FALSE(f.loop.watch(pair.ours.get(), 1));
    f.loop.make_ready(2);
    f.loop.timers().add(f.clock.now(), [&] { f.sink.steps.push_back("timer"); });
    f.turn();
    CHECK(f.sink.steps ==
          std::vector<std::string>{"event 1", "event 2", "deadlines", "timer", "end"});
  }

  TEST_CASE("the time stands still for a turn") {
    LoopFixture f;
    const TimePoint before = f.loop.now();
    f.clock.advance(5s);
    f.loop.make_ready(1);
    TimePoint seen;
    f.sink.react = [&](Token, Readiness) {
      f.clock.advance(3s);
      seen = f.loop.now();
    };
    f.turn();
    CHECK(seen == before + 5s);
    f.turn_now();
    CHECK(f.loop.now() == before + 8s);
    CHECK(f.sink.deadlines_seen_at == before + 5s);
  }

  TEST_CASE("whichever comes first ends the sleep: a timer or a deadline") {
    LoopFixture f;
    bool fired = false;
    f.loop.timers().add(f.clock.now() + 1s, [&] { fired = true; });
    f.sink.deadline = f.clock.now() + 1h;
    f.clock.advance(1s);
    SUBCASE("the timer") {}
    SUBCASE("the deadline") {
      f.sink.deadline = f.clock.now() - 1ms;
    }
    SUBCASE("the timer alone") {
      f.sink.deadline.reset();
    }
    CHECK(f.turn().empty());
    CHECK_FALSE(fired);  // it woke late: something may have come before the time that it is now
    CHECK(f.turn().empty());
    CHECK(fired);
  }

  TEST_CASE("a timer waits until all that was ready by its time has been delivered") {
    LoopFixture f;
    const std::vector<UniqueFd> ready = watch_ready(f.loop, 600);
    std::size_t delivered = 0;
    std::size_t delivered_before = 0;
    f.sink.react = [&](Token, Readiness) { ++delivered; };
    f.loop.timers().add(f.clock.now() + 1s, [&] { delivered_before = delivered; });
    f.clock.advance(2s);
    while (delivered_before == 0) f.turn();
    CHECK(delivered_before == 600);
  }

  TEST_CASE("a flood of events without end does not stop the time") {
    LoopFixture f;
    const std::vector<UniqueFd> ready = watch_ready(f.loop, 600);
    bool fired = false;
    f.loop.timers().add(f.clock.now() + 1s, [&] { fired = true; });
    f.clock.advance(2s);
    int turns = 0;
    for (; !fired && turns < 1000; ++turns) {
      f.turn();
      for (const UniqueFd& each : ready) require(::eventfd_write(each.get(), 1) == 0, "write");
    }
    CHECK(turns == 64);
  }

  TEST_CASE("a deadline that came while a turn ran is not slept over") {
    LoopFixture f;
    f.loop.make_ready(1);
    f.sink.deadline = f.clock.now() + 1h;
    f.sink.react = [&](Token, Readiness) { f.clock.advance(1h); };
    CHECK(f.turn().size() == 1);
    // By the time that this turn began, there would be an hour left.
    CHECK(f.turn().empty());
    CHECK(f.turn().empty());
    CHECK(f.sink.deadlines_seen_at == f.clock.now());
  }

  TEST_CASE("a deadline that is centuries away breaks no arithmetic") {
    LoopFixture f;
    const UniqueFd wake(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
    REQUIRE_FALSE(f.loop.watch_level(wake.get(), 3));
    f.sink.deadline = TimePoint::max();
    CHECK(f.turn().size() == 1);
  }

  TEST_CASE("a timer that re-arms itself with no delay leaves room for events") {
    LoopFixture f;
    const SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    int fired = 0;
    std::function<void()> again = [&] {
      ++fired;
      f.loop.timers().add(f.loop.now(), again);
    };
    f.loop.timers().add(f.loop.now(), again);
    f.turn();
    send_text(pair.theirs.get(), "x");
    CHECK(f.turn().size() == 1);
    CHECK(fired == 2);
  }

  TEST_CASE("a signal's handler ends the sleep: a turn without events") {
    LoopFixture f;
    struct sigaction before {};
    struct sigaction ours {};
    ours.sa_handler = [](int) {};
    REQUIRE(::sigaction(SIGALRM, &ours, &before) == 0);
    // Again and again, in case the first comes before the loop sleeps.
    const itimerval millisecond{{0, 1000}, {0, 1000}};
    const itimerval off{};
    ::setitimer(ITIMER_REAL, &millisecond, nullptr);
    f.sink.events.clear();
    f.loop.run_turn(f.sink);
    ::setitimer(ITIMER_REAL, &off, nullptr);
    ::sigaction(SIGALRM, &before, nullptr);
    CHECK(f.sink.events.empty());
    CHECK(f.sink.steps == std::vector<std::string>{"deadlines", "end"});
  }

  TEST_CASE("the statistics count turns and events, and time the turns") {
    LoopFixture f;
    const SocketPair pair = unix_pair();
    REQUIRE_FALSE(f.loop.watch(pair.ours.get(), 1));
    f.loop.make_ready(2);
    f.sink.react = [&](Token, Readiness) { f.clock.advance(3ms); };
    f.turn();
    f.clock.advance(1h);  // asleep: neither busy nor a long turn
    f.loop.make_ready(2);
    f.turn();
    const EventLoop::Stats& stats = f.loop.stats();
    CHECK(stats.lengths.count() == 2);
    CHECK(stats.events == 1);
    CHECK(Duration(stats.lengths.most()) == 6ms);
    CHECK(Duration(stats.lengths.sum()) == 9ms);
  }
}

}  // namespace
}  // namespace reactord
