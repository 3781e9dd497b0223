// SPDX-License-Identifier: MIT
#include "daemon/callbacks/worker_pool.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/support/gate.h"
#include "tests/unit/support/loop_fixture.h"

namespace reactord {
namespace {

constexpr Token kPoolToken = 7;

/// A pool in a loop; its threads may pass gates when it ends.
struct PoolFixture : LoopFixture {
  explicit PoolFixture(WorkerPool::Limits limits = {}) : pool(loop, kPoolToken, limits) {
    sink.react = [this](Token token, Readiness) {
      if (token == kPoolToken) told_per_turn.push_back(pool.on_event());
    };
  }

  /// Turns until so many were told of.
  void run_until_told(std::size_t count) {
    std::size_t told = 0;
    while (told < count) {
      told_per_turn.clear();
      turn();
      for (const std::size_t in_turn : told_per_turn) told += in_turn;
    }
  }

  [[nodiscard]] WorkerPool::JobId run(WorkerPool::Work work, WorkerPool::Done told) {
    return pool.run(std::move(work), std::move(told)).id;
  }
  /// Work that notes its end.
  [[nodiscard]] WorkerPool::JobId note(int number) {
    return run([] {}, [this, number](std::exception_ptr) { done.push_back(number); });
  }

  std::vector<std::size_t> told_per_turn;
  std::vector<int> done;
  WorkerPool pool;
};

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST_SUITE("worker_pool") {
  TEST_CASE("work runs on another thread, and its end is told on this one") {
    PoolFixture fixture;
    std::thread::id worker;
    std::thread::id teller;
    CHECK(fixture.run([&] { worker = std::this_thread::get_id(); },
                      [&](std::exception_ptr problem) {
                        CHECK(problem == nullptr);
                        teller = std::this_thread::get_id();
                      }) != 0);
    fixture.run_until_told(1);
    CHECK(worker != std::this_thread::get_id());
    CHECK(worker != std::thread::id());
    CHECK(teller == std::this_thread::get_id());
    CHECK(fixture.pool.is_idle());
  }

  TEST_CASE("before the first work there is no thread and no descriptor; afterwards, one each") {
    const std::size_t before = open_descriptors();
    {
      PoolFixture fixture;
      const std::size_t with_loop = open_descriptors();
      CHECK(fixture.pool.stats().threads == 0);
      CHECK(fixture.note(1) != 0);
      fixture.run_until_told(1);
      CHECK(open_descriptors() == with_loop + 1);
      CHECK(fixture.pool.stats().threads == 1);
    }
    CHECK(open_descriptors() == before);
  }

  TEST_CASE("what work throws reaches the one who is told") {
    PoolFixture fixture;
    std::string text;
    CHECK(fixture.run([] { throw std::runtime_error("no such thing"); },
                      [&](std::exception_ptr problem) {
                        try {
                          std::rethrow_exception(problem);
                        } catch (const std::runtime_error& error) {
                          text = error.what();
                        }
                      }) != 0);
    fixture.run_until_told(1);
    CHECK(text == "no such thing");
  }

  TEST_CASE("a thread is started for work that nobody is free for, up to the limit") {
    PoolFixture fixture({.threads = 2});
    WorkGate gate;
    for (int i = 0; i < 3; ++i) CHECK(fixture.run([&] { gate.pass(); }, [](auto) {}) != 0);
    gate.wait_for(2);
    const WorkerPool::Stats stats = fixture.pool.stats();
    CHECK(stats.threads == 2);
    CHECK(stats.running == 2);
    CHECK(stats.queued == 1);
    gate.open();
    fixture.run_until_told(3);
    CHECK(fixture.pool.stats().done == 3);
    CHECK(fixture.pool.stats().worked > Duration{0});
  }

  TEST_CASE("beyond its limit it refuses: what is told of makes room, not what has ended") {
    PoolFixture fixture({.threads = 1, .jobs = 2});
    WorkGate gate;
    CHECK(fixture.run([&] { gate.pass(); }, [](auto) {}) != 0);
    CHECK(fixture.note(1) != 0);
    CHECK(fixture.note(2) == 0);
    CHECK(fixture.pool.stats().refused == 1);
    gate.open();
    fixture.run_until_told(2);
    CHECK(fixture.note(3) != 0);
    fixture.run_until_told(1);
    CHECK(fixture.done == std::vector<int>{1, 3});
  }

  TEST_CASE("of many that have ended, so many are told of in a turn, and the rest in the next") {
    PoolFixture fixture({.threads = 1});
    for (int i = 0; i < 20; ++i) CHECK(fixture.note(i) != 0);
    while (fixture.pool.stats().done < 20) std::this_thread::yield();
    fixture.turn();
    CHECK(fixture.told_per_turn == std::vector<std::size_t>{16});
    fixture.turn();
    CHECK(fixture.told_per_turn == std::vector<std::size_t>{16, 4});
    CHECK(fixture.done.size() == 20);
    CHECK(fixture.turn_now().empty());
  }

  TEST_CASE("dropped work that waits never begins, and what it holds is destroyed at once") {
    PoolFixture fixture({.threads = 1});
    WorkGate gate;
    CHECK(fixture.run([&] { gate.pass(); }, [](auto) {}) != 0);
    gate.wait_for(1);
    auto held = std::make_shared<bool>(false);
    const std::weak_ptr<bool> watched = held;
    const WorkerPool::JobId job = fixture.run([held] { *held = true; }, [held](auto) {});
    held.reset();
    fixture.pool.drop(job);
    CHECK(watched.expired());
    gate.open();
    fixture.run_until_told(1);
    CHECK(fixture.pool.is_idle());
    CHECK(fixture.pool.stats().done == 1);
  }

  TEST_CASE("dropped work that has begun runs to its end, and nobody is told") {
    PoolFixture fixture;
    WorkGate gate;
    bool is_told = false;
    std::atomic<bool> has_run = false;
    auto held = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = held;
    const WorkerPool::JobId job = fixture.run(
        [&gate, &has_run, held] {
          gate.pass();
          has_run = true;
        },
        [&is_told](auto) { is_told = true; });
    held.reset();
    gate.wait_for(1);
    fixture.pool.drop(job);
    CHECK_FALSE(fixture.pool.is_idle());
    CHECK_FALSE(watched.expired());
    gate.open();
    fixture.run_until_told(1);
    CHECK(has_run);
    CHECK_FALSE(is_told);
    CHECK(watched.expired());
  }

  TEST_CASE("dropping is harmless at any time: twice, after the end, from within, of others") {
    PoolFixture fixture({.threads = 1});
    WorkerPool::JobId first = 0;
    WorkerPool::JobId second = 0;
    first = fixture.run([] {},
                        [&](auto) {
                          fixture.done.push_back(1);
                          fixture.pool.drop(first);
                          fixture.pool.drop(second);
                        });
    second = fixture.note(2);
    while (fixture.pool.stats().done < 2) std::this_thread::yield();
    fixture.run_until_told(2);
    CHECK(fixture.done == std::vector<int>{1});
    fixture.pool.drop(first);
    fixture.pool.drop(0);
    fixture.pool.drop(99);
    CHECK(fixture.pool.is_idle());
  }

  TEST_CASE("the end drops what waits, joins who is idle, and leaves behind who hangs") {
    PoolFixture fixture({.threads = 2});
    CHECK(fixture.note(1) != 0);
    fixture.run_until_told(1);
    // Not on the stack: whoever is left behind uses it after this test.
    const auto gate = std::make_shared<WorkGate>();
    const auto has_ended = std::make_shared<WorkGate>();
    for (int i = 0; i < 2; ++i) CHECK(fixture.run([gate] { gate->pass(); }, [](auto) {}) != 0);
    gate->wait_for(2);
    auto held = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = held;
    CHECK(fixture.run([held] {}, [held](auto) {}) != 0);
    held.reset();
    CHECK(fixture.pool.end() == 2);
    CHECK(watched.expired());
    CHECK(fixture.pool.end() == 0);
    CHECK(fixture.note(2) == 0);
    gate->open();
  }

  TEST_CASE("where the system gives no thread, work is refused, and goes on once it does") {
    PoolFixture fixture;
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    // No descriptor: what can be taken away from root, too.
    const rlimit none{3, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    const WorkerPool::Taken taken = fixture.pool.run([] {}, [](std::exception_ptr) {});
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(taken.id == 0);
    CHECK(taken.problem == std::errc::too_many_files_open);
    CHECK(fixture.pool.stats().refused == 1);
    CHECK(fixture.note(2) != 0);
    fixture.run_until_told(1);
    CHECK(fixture.done == std::vector<int>{2});
  }
}

}  // namespace
}  // namespace reactord
