// SPDX-License-Identifier: MIT
// Passwords that are compared, on real workers; time is the test's.
#include "daemon/users/login_queue.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/unit/support/loop_fixture.h"

using namespace std::chrono_literals;

namespace reactord {
namespace {

constexpr Token kWorkers = 9;

struct QueueBench : LoopFixture {
  QueueBench() {
    sink.react = [this](Token token, Readiness) {
      if (token == kWorkers) workers.on_event();
    };
  }

  static std::shared_ptr<User> user_with(const std::string& password) {
    auto user = std::make_shared<User>();
    auto hash = std::make_shared<PasswordHash>();
    REQUIRE(PasswordHash::parse(make_password_hash(password), *hash) == "");
    user->slow_hashes = {hash};
    return user;
  }

  bool add(std::uint32_t from, std::shared_ptr<const User> user, std::string_view password) {
    LoginAttempt attempt{.client = ++clients,
                         .source = {},
                         .user = std::move(user),
                         .password = SecretText(password),
                         .told = {},
                         .arrived = clock.now()};
    std::memcpy(attempt.source.data(), &from, sizeof from);
    return queue.add(std::move(attempt));
  }

  /// Turns until as many are told.
  std::string& told_until(std::size_t count) {
    while (told.size() < count) turn();
    return told;
  }

  std::uint64_t clients = 0;
  std::size_t asked = 0;
  bool is_there = true;
  std::string told;  ///< a letter each
  WorkerPool workers{loop, kWorkers, {.threads = 4, .jobs = 100}};
  RightPasswords right;
  LoginQueue queue{
      loop, workers, right,
      [this](std::uint64_t) {
        ++asked;
        return is_there;
      },
      [this](LoginAttempt&, LoginResult result) {
        told += result == LoginResult::accepted ? 'a' : result == LoginResult::refused ? 'r' : 'b';
      }};
};

TEST_CASE("a right password is told at once, and is known from then on") {
  QueueBench bench;
  const auto user = bench.user_with("horse");
  bench.queue.set_stand_ins(user->slow_hashes);
  CHECK_FALSE(bench.right.knows(*user, "horse"));
  REQUIRE(bench.add(1, user, "horse"));
  CHECK(bench.told == "");
  CHECK(bench.told_until(1) == "a");
  CHECK(bench.right.knows(*user, "horse"));
  CHECK_FALSE(bench.right.knows(*user, "house"));
  CHECK(bench.queue.size() == 0);
}

TEST_CASE("a wrong one is told late, and as late where there is no such user") {
  QueueBench bench;
  const auto user = bench.user_with("horse");
  bench.queue.set_stand_ins(user->slow_hashes);
  REQUIRE(bench.add(1, user, "house"));
  REQUIRE(bench.add(2, nullptr, "horse"));
  while (bench.workers.stats().done < 2 || !bench.workers.is_idle()) bench.turn();
  bench.clock.advance(LoginQueue::kLeastRefusal - 1ms);
  bench.turn_now();
  CHECK(bench.told == "");
  bench.clock.advance(1ms);
  for (int turns = 0; turns < 3; ++turns) bench.turn_now();
  CHECK(bench.told == "rr");
}

TEST_CASE("two are compared at a time, of one source one") {
  QueueBench bench;
  const auto user = bench.user_with("horse");
  bench.queue.set_stand_ins(user->slow_hashes);
  for (const std::uint32_t from : {1u, 1u, 2u, 3u}) REQUIRE(bench.add(from, user, "x"));
  bench.turn_now();
  const WorkerPool::Stats stats = bench.workers.stats();
  CHECK(stats.queued + stats.running + stats.done <= 2);
  while (bench.workers.stats().done < 4) bench.turn();
}

TEST_CASE("attempts are bounded, in all and of one source") {
  QueueBench bench;
  for (std::uint32_t from = 0; from < 4; ++from)
    for (std::size_t i = 0; i < LoginQueue::kMaxOfSource; ++i)
      REQUIRE(bench.add(from, nullptr, "x"));
  CHECK(bench.queue.size() == LoginQueue::kMaxAttempts);
  CHECK_FALSE(bench.add(4, nullptr, "x"));

  QueueBench other;
  for (std::size_t i = 0; i < LoginQueue::kMaxOfSource; ++i) REQUIRE(other.add(0, nullptr, "x"));
  CHECK_FALSE(other.add(0, nullptr, "x"));
  CHECK(other.add(1, nullptr, "x"));
}

TEST_CASE("who has left is passed over, some in each turn") {
  QueueBench bench;
  bench.is_there = false;
  for (std::uint32_t from = 0; from < 50; ++from) REQUIRE(bench.add(from, nullptr, "x"));
  bench.turn_now();
  CHECK(bench.queue.size() == 50 - LoginQueue::kMaxBegunPerTurn);
  bench.turn_now();
  CHECK(bench.queue.size() == 0);
  CHECK(bench.told == "");
}

TEST_CASE("workers without room are an error, and no hang") {
  QueueBench bench;
  const auto user = bench.user_with("horse");
  bench.queue.set_stand_ins(user->slow_hashes);
  (void)bench.workers.end();
  REQUIRE(bench.add(1, user, "horse"));
  bench.turn_now();
  CHECK(bench.told == "b");
}

}  // namespace
}  // namespace reactord
