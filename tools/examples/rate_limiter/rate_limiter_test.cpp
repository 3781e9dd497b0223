// SPDX-License-Identifier: MIT
// The rate limiter as its clients see it, without a daemon, on a clock that the test turns.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <reactord/testing/handler_bench.h>

#include <chrono>
#include <cstdint>
#include <string>

reactord::HandlerEntry rate_limiter_handler();  // rate_limiter.cpp

namespace {

using namespace std::chrono_literals;
using reactord::test::HandlerBench;
using Settings = reactord::test::SettingValues;

/// A bucket of 3, of which one comes back in a third of a second.
Settings three() {
  return {{"burst", std::int64_t{3}}, {"tokens", std::int64_t{3}}, {"period", "1s"}};
}

std::string taken(int is_allowed, int left, int wait) {
  return "*3\r\n:" + std::to_string(is_allowed) + "\r\n:" + std::to_string(left) +
         "\r\n:" + std::to_string(wait) + "\r\n";
}

TEST_CASE("a bucket gives its burst at once, and then what comes back") {
  HandlerBench bench(rate_limiter_handler(), three());
  CHECK(bench.send("TAKE ada") == taken(1, 2, 0));
  CHECK(bench.send("TAKE ada 2") == taken(1, 0, 0));
  CHECK(bench.send("TAKE ada") == taken(0, 0, 334));
  CHECK(bench.send("TAKE bob 3") == taken(1, 0, 0));
}

TEST_CASE("waiting exactly as long as it says is enough, and less is not") {
  HandlerBench bench(rate_limiter_handler(), three());
  CHECK(bench.send("TAKE ada 3") == taken(1, 0, 0));
  bench.service.advance(333ms);
  CHECK(bench.send("TAKE ada") == taken(0, 0, 1));
  bench.service.advance(1ms);
  CHECK(bench.send("TAKE ada") == taken(1, 0, 0));
}

TEST_CASE("what is refused costs nothing; looking neither costs nor keeps") {
  HandlerBench bench(rate_limiter_handler(), three());
  CHECK(bench.send("TAKE ada 3") == taken(1, 0, 0));
  for (int i = 0; i < 10; ++i) CHECK(bench.send("TAKE ada 3") == taken(0, 0, 1001));
  bench.service.advance(1001ms);
  CHECK(bench.send("PEEK ada") == "*2\r\n:3\r\n:0\r\n");
  CHECK(bench.send("PEEK nobody") == "*2\r\n:3\r\n:0\r\n");
  bench.service.advance(100ms);
  CHECK(bench.send("BUCKETS") == ":0\r\n");
}

TEST_CASE("a cost above the burst is refused for good") {
  HandlerBench bench(rate_limiter_handler(), three());
  CHECK(bench.send("TAKE ada 4") ==
        "-NEVER a cost of 4 is more than a full bucket of 3: no waiting helps\r\n");
  CHECK(bench.send("TAKE ada 0") == "-ERR the cost must be an integer from 1 on\r\n");
  CHECK(bench.send("PEEK ada") == "*2\r\n:3\r\n:0\r\n");
}

TEST_CASE("a full table forgets who is nearest to full") {
  Settings settings = three();
  settings.emplace_back("max_buckets", std::int64_t{2});
  HandlerBench bench(rate_limiter_handler(), settings);
  bench.send("TAKE ada 3");
  bench.send("TAKE bob");
  bench.send("TAKE eve 2");
  CHECK(bench.send("BUCKETS") == ":2\r\n");
  CHECK(bench.send("PEEK ada") == "*2\r\n:0\r\n:1001\r\n");
  CHECK(bench.send("PEEK bob") == "*2\r\n:3\r\n:0\r\n");
}

TEST_CASE("a reload changes the rate, and buckets stay") {
  HandlerBench bench(rate_limiter_handler(), three());
  bench.send("TAKE ada 3");
  bench.reload("rate_limiter",
               {{"burst", std::int64_t{6}}, {"tokens", std::int64_t{3}}, {"period", "1s"}});
  CHECK(bench.send("TAKE ada 3") == taken(1, 0, 0));
}

}  // namespace
