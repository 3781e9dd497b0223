// SPDX-License-Identifier: MIT
#include "daemon/dispatch/handler_guard.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>

#include "tests/unit/support/fake_clock.h"
#include "tests/unit/support/temporary_folder.h"

using namespace reactord;
using namespace std::chrono_literals;

namespace {

struct GuardBench {
  GuardBench() {
    LogSettings settings;
    settings.target = folder / "log";
    events.emplace(clock, settings);
    guard.emplace(clock, *events);
  }
  /// What was logged; ends the log.
  std::string log() {
    events.reset();
    std::ifstream file(folder / "log");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + 1))
      ++found;
    return found;
  }

  TemporaryFolder folder;
  FakeClock clock;
  std::optional<EventLog> events;
  std::optional<HandlerGuard> guard;
};

const HandlerCall kNews{"news", "news|add", "handle()", 7};
const HandlerCall kTimer{"news", "news|add", "a timer's callback", 7};
const HandlerCall kOther{"other", "other", "handle()", 7};

const auto kThrow = [] { throw std::logic_error("on purpose"); };

}  // namespace

TEST_CASE("guard: what is thrown ends there and is told with its type and text") {
  GuardBench bench;
  CHECK(bench.guard->run(kNews, [] {}));
  CHECK_FALSE(bench.guard->run(kNews, kThrow));
  CHECK(bench.events->count_of(Event::handler_threw) == 1);
  CHECK(bench.log().find("news threw std::logic_error in handle() of news|add: on purpose "
                         "client=7\n") != std::string::npos);
}

TEST_CASE("guard: faults are told once a second for each handler and kind, and all are counted") {
  GuardBench bench;
  for (int i = 0; i < 5; ++i) bench.guard->run(kNews, kThrow);
  bench.guard->run(kOther, kThrow);
  bench.guard->run(kTimer, kThrow);
  bench.guard->report_breach(kNews, {"wrote nothing", "write something"});
  bench.clock.advance(1s);
  bench.guard->run(kNews, kThrow);
  CHECK(bench.events->count_of(Event::handler_threw) == 8);
  const std::string log = bench.log();
  CHECK(GuardBench::count(log, "news threw std::logic_error in handle()") == 2);
  CHECK(GuardBench::count(log, "on purpose (4 more like this before)") == 1);
  CHECK(GuardBench::count(log, "other threw") == 1);
  CHECK(GuardBench::count(log, "in a timer's callback of news|add") == 1);
  CHECK(GuardBench::count(log, "it wrote nothing; write something") == 1);
}

TEST_CASE("guard: a call that takes longer than the limit is told, one that takes as long is not") {
  GuardBench bench;
  bench.guard->set_slow(50ms);
  bench.guard->run(kNews, [&] { bench.clock.advance(50ms); });
  CHECK(bench.events->count_of(Event::handler_slow) == 0);
  bench.guard->run(kNews, [&] { bench.clock.advance(51ms); });
  bench.guard->report_slow(kOther, 90ms, 12);
  CHECK(bench.events->count_of(Event::handler_slow) == 2);
  const std::string log = bench.log();
  CHECK(log.find("news held the loop for 51 ms, more than log.slow_handler, in handle() of "
                 "news|add") != std::string::npos);
  CHECK(log.find("other held the loop for 90 ms, more than log.slow_handler, in 12 calls in a row, "
                 "handle() of other") != std::string::npos);
}

TEST_CASE("guard: it knows in whose name something is asked for") {
  GuardBench bench;
  CHECK(bench.guard->calling() == nullptr);
  bench.guard->run(kNews, [&] {
    CHECK(bench.guard->calling()->handler == "news");
    bench.guard->run(kOther, [&] { CHECK(bench.guard->calling()->handler == "other"); });
    CHECK(bench.guard->calling()->handler == "news");
  });
  CHECK(bench.guard->calling() == nullptr);
}
