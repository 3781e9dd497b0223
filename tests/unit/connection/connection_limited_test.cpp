// SPDX-License-Identifier: MIT
// A connection whose listener limits what its client may have: how many requests it serves in a
// turn, what it tells of them, and how it waits.
#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <vector>

#include "tests/unit/support/connection_bench.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;
using What = InputLimiter::Grant::What;

/// Grants what the test says, and more than anybody needs once it says no more.
class ScriptedLimiter final : public InputLimiter {
 public:
  [[nodiscard]] Grant grant(Connection&, WorkUnits most) override {
    ++asked;
    if (grants.empty()) return {What::serve, most};
    const Grant next = grants.front();
    grants.pop_front();
    return next;
  }
  void settle(Connection& connection, const Grant& grant, std::uint64_t requests,
              std::uint64_t bytes) override {
    CHECK_FALSE(connection.session().is_refused());
    if (requests > 0) settled.push_back({grant.what, requests});
    received += bytes;
  }
  void count(Connection&, int change) override { connections += change; }
  [[nodiscard]] std::string admit_user(Connection&, std::string_view) override { return {}; }

  struct Settled {
    What what;
    std::uint64_t requests;
    bool operator==(const Settled&) const = default;
  };
  std::deque<Grant> grants;
  std::vector<Settled> settled;
  std::uint64_t received = 0;
  int asked = 0;
  int connections = 0;
};

struct LimitedBench {
  LimitedBench() { bench.policy.limiter = &limiter; }
  test::ConnectionBench bench;
  ScriptedLimiter limiter;
};

std::string echoes(int count) {
  std::string requests;
  for (int n = 0; n < count; ++n) requests += "ECHO " + std::to_string(n) + "\r\n";
  return requests;
}

TEST_CASE("limited: as many are served in a turn as were granted, the rest in the next") {
  LimitedBench limited;
  test::ConnectionBench& bench = limited.bench;
  limited.limiter.grants = {{What::serve, 3}, {What::serve, 4}};
  bench.receive(echoes(10));
  CHECK(bench.served.size() == 10);
  CHECK(limited.limiter.settled == std::vector<ScriptedLimiter::Settled>{
                                       {What::serve, 3}, {What::serve, 4}, {What::serve, 3}});
  CHECK(limited.limiter.received == echoes(10).size());
}

TEST_CASE("limited: what a request costs beside itself is no request") {
  LimitedBench limited;
  test::ConnectionBench& bench = limited.bench;
  bench.receive("COSTLY 100\r\nECHO 1\r\n\r\n\r\nCOSTLY 7\r\n");
  CHECK(limited.limiter.settled == std::vector<ScriptedLimiter::Settled>{{What::serve, 3}});
}

TEST_CASE("limited: nothing is asked where there is no input") {
  LimitedBench limited;
  test::ConnectionBench& bench = limited.bench;
  bench.turn({.writable = true});
  CHECK(limited.limiter.asked == 0);
}

TEST_CASE("limited: input that is held back waits, without a turn and without a deadline") {
  LimitedBench limited;
  test::ConnectionBench& bench = limited.bench;
  limited.limiter.grants = {{What::serve, 2}, {What::hold}};
  bench.receive(echoes(3));
  CHECK(bench.served.size() == 2);
  CHECK_FALSE(bench.is_ready);
  CHECK_FALSE(bench.loop_context.deadlines.next().has_value());
  // More comes, and changes nothing.
  bench.receive("ECHO 3\r\nECHO");
  CHECK(bench.served.size() == 2);
  bench.pass(1h);
  CHECK(bench.ends.empty());
  bench.connection->resume_input();
  bench.turn({});
  CHECK(bench.served.size() == 4);
  CHECK(bench.loop_context.deadlines.next() == bench.time + test::ConnectionBench::kFrame);
  CHECK(limited.limiter.asked == 3);
}

TEST_CASE("limited: who is held back before the first request has time for it afterwards") {
  LimitedBench limited;
  test::ConnectionBench& bench = limited.bench;
  limited.limiter.grants = {{What::hold}};
  bench.receive("ECHO");
  bench.pass(1h);
  CHECK(bench.ends.empty());
  bench.connection->resume_input();
  CHECK(bench.loop_context.deadlines.next() == bench.time + test::ConnectionBench::kFirstRequest);
}

TEST_CASE(
    "limited: all requests of a turn are refused, and told apart from those that are served") {
  LimitedBench limited;
  test::ConnectionBench& bench = limited.bench;
  limited.limiter.grants = {{What::serve, 1}, {What::refuse, 1000, "LIMIT x"}};
  bench.receive(echoes(5));
  CHECK(limited.limiter.settled ==
        std::vector<ScriptedLimiter::Settled>{{What::serve, 1}, {What::refuse, 4}});
  CHECK(bench.ends.empty());
  bench.receive(echoes(1));
  CHECK(limited.limiter.settled.back() == ScriptedLimiter::Settled{What::serve, 1});
}

TEST_CASE("limited: the connection ends with the first request that is too much") {
  LimitedBench limited;
  test::ConnectionBench& bench = limited.bench;
  SUBCASE("which comes") {
    limited.limiter.grants = {{What::close, 1, "LIMIT x"}};
    bench.receive(echoes(5));
    CHECK(bench.served.size() == 1);  // by an error, with a sink that knows limits
    CHECK(bench.ends == std::vector{CloseReason::closed_limit});
  }
  SUBCASE("which does not come") {
    limited.limiter.grants = {{What::close, 1, "LIMIT x"}};
    bench.receive("ECHO");
    CHECK(bench.ends.empty());
  }
}

TEST_CASE("limited: what a drain has received is answered, whatever the limit") {
  LimitedBench limited;
  test::ConnectionBench& bench = limited.bench;
  limited.limiter.grants = {{What::serve, 1}, {What::hold}, {What::hold}};
  bench.receive(echoes(5));
  CHECK(bench.served.size() == 1);
  bench.connection->drain();
  bench.turn({});
  CHECK(bench.served.size() == 5);
  CHECK(bench.ends == std::vector{CloseReason::closed_drained});
}

TEST_CASE("limited: who is held back can be ended") {
  LimitedBench limited;
  test::ConnectionBench& bench = limited.bench;
  limited.limiter.grants = {{What::hold}};
  bench.receive(echoes(1));
  bench.connection->end(CloseReason::closed_killed);
  bench.turn({});
  CHECK(bench.ends == std::vector{CloseReason::closed_killed});
  bench.connection->resume_input();
  CHECK(bench.served.empty());
}

}  // namespace
}  // namespace reactord
