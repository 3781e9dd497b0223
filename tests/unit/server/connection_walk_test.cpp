// SPDX-License-Identifier: MIT
#include "daemon/server/connection_walk.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/support/fake_clock.h"
#include "tests/unit/support/sockets.h"

namespace reactord {
namespace {

class Silent final : public RequestSink {
 public:
  [[nodiscard]] ServeResult serve(Connection&, const Frame&, Buffer&) noexcept override {
    return ServeResult::replied;
  }
  void end_batch() noexcept override {}
};

LogSettings no_log() {
  LogSettings settings;
  settings.level = LogLevel::off;
  return settings;
}

/// As many connections as two turns of a walk visit, and some.
struct WalkBench {
  static constexpr std::uint32_t kClients = 2 * ConnectionWalks::kFewPerTurn + 2;

  WalkBench() {
    for (std::uint32_t i = 0; i < kClients; ++i) {
      SocketPair pair = unix_pair();
      REQUIRE(table.open(std::move(pair.ours), SocketAddress::ipv4({10, 0, 0, 1}, 1), policy));
    }
  }
  ~WalkBench() {
    table.for_each([](Connection& one) { one.abort(CloseReason::closed_at_once); });
    while (table.end_turn()) continue;
  }

  FakeClock clock;
  EventLog events{clock, no_log()};
  EventLoop loop{clock};
  ConnectionTable table{loop, events, {.clients = kClients, .admins = 1}};
  Silent sink;
  LoopContext loop_context{.parser_limits = {},
                           .output_high_water = 1u << 20,
                           .deadlines = ConnectionDeadlines({}),
                           .host = table,
                           .sink = sink};
  ListenerPolicy policy{.loop_context = loop_context};
  ConnectionWalks walks{table};
};

}  // namespace

TEST_CASE("a walk visits everyone once, some in each turn") {
  WalkBench bench;
  int visits = 0;
  bool is_done = false;
  bench.walks.add({.visit = [&](Connection&) { ++visits; },
                   .visits_per_turn = ConnectionWalks::kFewPerTurn,
                   .done = [&] { is_done = true; }});
  std::vector<int> after;
  while (!bench.walks.empty()) {
    bench.walks.go_on();
    after.push_back(visits);
  }
  CHECK(is_done);
  CHECK(after == std::vector{32, 64, 66});
}

TEST_CASE("a walk may close whom it visits, and one that matters more takes the place of others") {
  WalkBench bench;
  int others = 0;
  bench.walks.add({.visit = [&](Connection&) { ++others; }, .visits_per_turn = 1});
  bench.walks.go_on();
  bench.walks.add_instead({.visit = [](Connection& one) { one.abort(CloseReason::closed_at_once); },
                           .visits_per_turn = ConnectionWalks::kManyPerTurn});
  bench.walks.go_on();
  CHECK(bench.walks.empty());
  CHECK(others == 1);
  while (bench.table.end_turn()) continue;
  CHECK(bench.table.is_empty());
}

}  // namespace reactord
