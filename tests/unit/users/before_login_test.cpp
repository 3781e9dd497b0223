// SPDX-License-Identifier: MIT
#include "daemon/users/before_login.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/support/table_bench.h"

using namespace std::chrono_literals;

namespace reactord {
namespace {

struct BeforeLoginBench : test::TableBench {
  BeforeLoginBench() : test::TableBench({.clients = 100, .admins = 1}) {}

  Connection& add(std::uint8_t from) {
    Connection& connection = open(open_to_all, from);
    waiting.add(connection, source(from));
    return connection;
  }
  static LoginSource source(std::uint8_t from) {
    LoginSource made{};
    made[0] = from;
    return made;
  }
  /// Of `added`.
  std::size_t ended(std::size_t added) {
    std::size_t open = 0;
    table.for_each([&](const Connection& one) { open += one.is_ending() ? 0u : 1u; });
    return added - open;
  }

  BeforeLogin waiting{loop, table};
};

TEST_CASE("some may wait to log in, and of one source a quarter of them") {
  BeforeLoginBench bench;
  bench.waiting.set_limits(8, 10s);
  Connection& first = bench.add(1);
  CHECK(bench.waiting.has_room_for(bench.source(1)));
  bench.add(1);
  CHECK_FALSE(bench.waiting.has_room_for(bench.source(1)));
  for (const int from : {2, 2, 3, 3, 4}) bench.add(static_cast<std::uint8_t>(from));
  CHECK(bench.waiting.has_room_for(bench.source(5)));
  bench.add(4);
  CHECK_FALSE(bench.waiting.has_room_for(bench.source(5)));
  bench.waiting.forget(first.id());
  bench.waiting.forget(first.id());
  CHECK(bench.waiting.has_room_for(bench.source(1)));
  CHECK(bench.waiting.size() == 7);
}

TEST_CASE("whoever has not logged in in time is ended, some in each turn") {
  BeforeLoginBench bench;
  bench.waiting.set_limits(100, 10s);
  for (int i = 0; i < 40; ++i) bench.add(1);
  test::TokenSink sink(0, [](Token) {});
  bench.clock.advance(9s);
  CHECK(bench.loop.timers().run_due(bench.clock.now()));
  CHECK(bench.ended(40) == 0);
  bench.clock.advance(2s);
  for (int turns = 0; turns < 3 && bench.ended(40) == 0; ++turns) {
    bench.loop.make_ready(1);
    bench.loop.run_turn(sink);
  }
  CHECK(bench.ended(40) <= 32);
  CHECK(bench.ended(40) > 0);
}

}  // namespace
}  // namespace reactord
