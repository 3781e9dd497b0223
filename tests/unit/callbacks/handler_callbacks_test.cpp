// SPDX-License-Identifier: MIT
// The limits of what handlers may have beside requests, and what is told where the system gives no
// more.
#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "daemon/callbacks/handler_tasks.h"
#include "daemon/callbacks/handler_watches.h"
#include "tests/unit/support/loop_fixture.h"

using namespace reactord;

namespace {

const HandlerCall kCaller{"news", "news|add", "handle()", 7};

/// What the loop of a daemon has around a handler.
struct CallbacksBench : LoopFixture {
  EventLog events{clock, {.level = LogLevel::off}};
  HandlerGuard guard{clock, events};
};

/// For as long as it lives.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t soft) {
    require(::getrlimit(RLIMIT_NOFILE, &before_) == 0, "getrlimit");
    const rlimit changed{soft, before_.rlim_max};
    require(::setrlimit(RLIMIT_NOFILE, &changed) == 0, "setrlimit");
  }
  ~DescriptorLimit() { (void)::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("offload: where there is no descriptor for the workers it is refused, and told of") {
  CallbacksBench bench;
  WorkerPool pool(bench.loop, 7, {});
  HandlerTasks tasks(pool, bench.guard, bench.events);
  {
    const DescriptorLimit none(3);
    CHECK(tasks.offload(
              kCaller, [] {}, [](std::exception_ptr) {}) == nullptr);
  }
  CHECK(bench.events.count_of(Event::workers_unavailable) == 1);
  CHECK(tasks.offload(
            kCaller, [] {}, [](std::exception_ptr) {}) != nullptr);
}

TEST_CASE("watch: no more than a bounded number of descriptors; those that go make room") {
  CallbacksBench bench;
  HandlerWatches watches(bench.loop, bench.guard, 100, 5000);
  const DescriptorLimit enough(2000);
  std::vector<UniqueFd> fds;
  std::vector<std::unique_ptr<Watch>> all;
  const auto watch_one = [&] {
    fds.emplace_back(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return watches.watch(kCaller, fds.back().get(), {}, [](FdEvent) {});
  };
  for (int i = 0; i < 1024; ++i) all.push_back(watch_one());
  CHECK_THROWS_AS((void)watch_one(), std::system_error);
  all.pop_back();
  all.push_back(watch_one());
  CHECK(watches.size() == 1024);
}

TEST_CASE("watch: what cannot be watched is refused, and leaves nothing behind") {
  CallbacksBench bench;
  HandlerWatches watches(bench.loop, bench.guard, 100, 200);
  CHECK_THROWS_AS((void)watches.watch(kCaller, -1, {}, [](FdEvent) {}), std::system_error);
  const UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const auto first = watches.watch(kCaller, fd.get(), {}, [](FdEvent) {});
  CHECK_THROWS_AS((void)watches.watch(kCaller, fd.get(), {}, [](FdEvent) {}), std::system_error);
  CHECK(watches.size() == 1);
}

TEST_CASE(
    "watch: an event for one that has gone finds nobody, and tokens are not soon used again") {
  CallbacksBench bench;
  HandlerWatches watches(bench.loop, bench.guard, 100, 200);
  int called = 0;
  const UniqueFd fd(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
  std::vector<Token> tokens;
  bench.sink.react = [&](Token token, Readiness readiness) {
    tokens.push_back(token);
    watches.on_event(token, readiness);
  };
  for (int i = 0; i < 3; ++i) {
    const auto watch = watches.watch(kCaller, fd.get(), {}, [&](FdEvent) { ++called; });
    bench.turn();
    watch->wake();
  }
  CHECK(called == 3);
  CHECK(tokens[0] != tokens[1]);
  bench.turn_now();  // the last one was woken, and has gone
  CHECK(called == 3);
}
