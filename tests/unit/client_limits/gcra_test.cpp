// SPDX-License-Identifier: MIT
// So many in so long, to the nanosecond, on a clock that the test turns.
#include "daemon/client_limits/gcra.h"

#include <doctest/doctest.h>

#include <random>

namespace reactord {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{std::chrono::hours(1)};

/// One client of a rate.
struct Bucket {
  Gcra rate;
  TimePoint now = kStart;
  Gcra::Debt debt = 0;

  bool take(std::uint64_t cost = 1) {
    if (wait(cost) != Duration::zero()) return false;
    rate.charge(debt, now, cost);
    return true;
  }
  std::optional<Duration> wait(std::uint64_t cost = 1) const {
    return rate.wait_for(debt, now, cost);
  }
};

TEST_CASE("gcra: a burst at once, then as many as the rate has") {
  Bucket bucket{Gcra(10, 1s, 5)};
  for (int n = 0; n < 5; ++n) CHECK(bucket.take());
  CHECK_FALSE(bucket.take());
  CHECK(bucket.wait() == 100ms);
  for (int n = 0; n < 20; ++n) {
    bucket.now += 100ms;
    CHECK(bucket.take());
    CHECK_FALSE(bucket.take());
  }
  bucket.now += 10s;
  for (int n = 0; n < 5; ++n) CHECK(bucket.take());
  CHECK_FALSE(bucket.take());
}

TEST_CASE("gcra: waiting exactly as long as it says is enough, and a nanosecond less is not") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 10'000; ++round) {
    const std::uint64_t count = 1 + random() % 1000 * (random() % 2 == 0 ? 1 : 999'983);
    const Duration period = random() % 3 == 0 ? Duration(1h) : Duration(1s);
    Bucket bucket{Gcra(count, period, 1 + random() % 1000)};
    bucket.rate.charge(bucket.debt, bucket.now, random() % 2000);
    bucket.now += Duration(random() % 1'000'000'000);
    const std::uint64_t cost = 1 + random() % bucket.rate.burst();
    const Duration wait = bucket.wait(cost).value();
    if (wait > Duration::zero()) {
      bucket.now += wait - 1ns;
      CHECK(bucket.wait(cost) == 1ns);
      bucket.now += 1ns;
    }
    CHECK(bucket.take(cost));
  }
}

TEST_CASE("gcra: a cost of the whole burst can be had, one above it never") {
  Bucket bucket{Gcra(1000, 1s, 16)};
  CHECK(bucket.take(16));
  CHECK(bucket.wait(16) == 16ms);
  bucket.now += 16ms;
  CHECK(bucket.take(16));
  CHECK_FALSE(bucket.wait(17).has_value());
  bucket.now += 1h;
  CHECK_FALSE(bucket.wait(17).has_value());
}

TEST_CASE("gcra: what is allowed is what can be taken one by one") {
  std::mt19937_64 random(2);
  for (int round = 0; round < 2'000; ++round) {
    Bucket bucket{Gcra(1 + random() % 2000, 1s, 1 + random() % 100)};
    bucket.rate.charge(bucket.debt, bucket.now, random() % 150);
    bucket.now += Duration(random() % 50'000'000);
    const std::uint64_t allowed = bucket.rate.allowance(bucket.debt, bucket.now, 1000);
    CHECK(bucket.rate.allowance(bucket.debt, bucket.now, 3) == std::min<std::uint64_t>(3, allowed));
    if (allowed > 0) CHECK(bucket.wait(allowed) == Duration::zero());
    if (allowed < bucket.rate.burst()) CHECK(bucket.wait(allowed + 1) != Duration::zero());
  }
}

TEST_CASE("gcra: asking changes nothing") {
  Bucket bucket{Gcra(1, 1s, 1)};
  CHECK(bucket.take());
  for (int n = 0; n < 1000; ++n) CHECK_FALSE(bucket.take());
  CHECK(bucket.wait() == 1s);
}

TEST_CASE("gcra: no rate over- or underflows, however much is owed") {
  Bucket slow{Gcra(1, 1h, 1)};
  slow.rate.charge(slow.debt, slow.now, UINT64_MAX);
  slow.rate.charge(slow.debt, slow.now, UINT64_MAX);
  for (int n = 0; n < 100; ++n) slow.rate.charge(slow.debt, slow.now, 1u << 30);
  CHECK(slow.wait().value() > Duration(24h));
  Bucket fast{Gcra(std::uint64_t{1} << 40, 1s, std::uint64_t{1} << 40)};
  CHECK(fast.rate.allowance(fast.debt, fast.now, UINT64_MAX) == std::uint64_t{1} << 40);
  CHECK(fast.take(std::uint64_t{1} << 40));
  CHECK(fast.wait(1) == 1ns);
}

}  // namespace
}  // namespace reactord
