// SPDX-License-Identifier: MIT
// What tests of handlers have in place of the daemon's timers, workers and watched descriptors.
#include "daemon/testing/fake_background.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <system_error>

#include "daemon/interface/offload.h"
#include "daemon/testing/handler_bench.h"

using namespace reactord;
using namespace std::chrono_literals;
using reactord::test::FakeService;

TEST_CASE("fake: timers are called in order of time, once or again and again, until destroyed") {
  FakeService service;
  std::string calls;
  const auto once = service.call_after(15ms, [&] { calls += 'o'; });
  auto every = service.call_every(10ms, [&] { calls += 'e'; });
  service.advance(9ms);
  CHECK(calls.empty());
  service.advance(21ms);
  CHECK(calls == "eoee");
  CHECK(service.now() == TimePoint{} + 30ms);
  every = nullptr;
  CHECK(service.timers() == 0);
  CHECK_FALSE(service.run_timer());
}

TEST_CASE("fake: a timer's callback may destroy it, and make another") {
  FakeService service;
  int calls = 0;
  std::unique_ptr<Timer> timer;
  timer = service.call_every(1ms, [&] {
    ++calls;
    timer = service.call_after(1ms, [&] { calls += 10; });
  });
  service.advance(5ms);
  CHECK(calls == 11);
}

TEST_CASE("fake: work runs when the test says so, and its result or exception is told") {
  FakeService service;
  std::string told;
  const auto note = [&](WorkResult<int>& result) {
    told += result.ok() ? std::to_string(result.value()) : "failed";
  };
  const auto one = offload(
      service, [] { return 1; }, note);
  const auto two = offload(
      service, []() -> int { throw std::runtime_error("no"); }, note);
  CHECK(service.tasks() == 2);
  CHECK(told.empty());
  CHECK(service.run_task());
  CHECK(told == "1");
  CHECK(service.run_task());
  CHECK(told == "1failed");
  CHECK_FALSE(service.run_task());
}

TEST_CASE("fake: dropped work never begins, or runs for nothing; a full pool gives null") {
  FakeService service;
  int ran = 0;
  int told = 0;
  const auto work = [&] { return ++ran; };
  const auto done = [&](WorkResult<int>&) { ++told; };
  auto waiting = offload(service, work, done);
  waiting = nullptr;
  CHECK(service.tasks() == 0);
  auto begun = offload(service, work, done);
  CHECK(service.begin_task());
  begun = nullptr;
  CHECK_FALSE(service.end_task());
  CHECK(ran == 1);
  CHECK(told == 0);
  service.workers_are_full = true;
  CHECK(offload(service, work, done) == nullptr);
}

TEST_CASE("fake: what can only be moved may be held by work and by who is told of it") {
  FakeService service;
  int told = 0;
  const auto task = offload(
      service, [held = std::make_unique<int>(3)] { return std::make_unique<int>(*held + 1); },
      [&told, more = std::make_unique<int>(10)](WorkResult<std::unique_ptr<int>>& result) {
        told = *result.value() + *more;
      });
  CHECK(service.run_task());
  CHECK(told == 14);
}

TEST_CASE("fake: a watch is told of what it wants, and of a hang-up in any case") {
  FakeService service;
  FdEvent last;
  auto watch = service.watch(5, {.readable = true}, [&](FdEvent event) { last = event; });
  CHECK(service.is_watched(5));
  CHECK_THROWS_AS((void)service.watch(5, {}, [](FdEvent) {}), std::system_error);
  CHECK_FALSE(service.fire(5, {.writable = true}));
  CHECK_FALSE(service.fire(6, {.readable = true}));
  CHECK(service.fire(5, {.readable = true, .writable = true}));
  CHECK(last.readable);
  CHECK_FALSE(last.writable);
  watch->set_interest({.readable = false, .writable = true});
  CHECK(service.interest_in(5) == Interest{false, true});
  CHECK(service.fire(5, {.hung_up = true}));
  CHECK(last.hung_up);
  CHECK(last.writable);
  CHECK_FALSE(last.readable);
  watch = nullptr;
  CHECK_FALSE(service.is_watched(5));
}

TEST_CASE("fake: wake() calls once at the end of the turn, and whoever has gone not at all") {
  FakeService service;
  int woken = 0;
  const auto count = [&](FdEvent event) { woken += event.woken ? 1 : 0; };
  const auto one = service.watch(1, {}, count);
  std::unique_ptr<Watch> other = service.watch(2, {}, count);
  std::unique_ptr<Watch> ender;
  ender = service.watch(0, {}, [&](FdEvent) {
    other = nullptr;
    ender = nullptr;
  });
  for (Watch* watch : {one.get(), one.get(), other.get(), ender.get()}) watch->wake();
  CHECK(service.run_woken() == 2);
  CHECK(woken == 1);
  CHECK(service.run_woken() == 0);
}
