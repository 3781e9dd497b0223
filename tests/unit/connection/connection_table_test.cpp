// SPDX-License-Identifier: MIT
// Who finds a slot, and who loses one when memory is short.
#include "daemon/connection/connection_table.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/unit/support/table_bench.h"

namespace reactord {
namespace {

/// What the tests of slots and memory do to a connection.
struct Bench : test::TableBench {
  using TableBench::TableBench;

  [[nodiscard]] Admission admit(const ListenerPolicy& policy, std::uint8_t from = 1) const {
    return table.admit(peer(from), policy);
  }
  /// Half a request of `bytes`, which the connection has to keep.
  void keep(Connection& connection, std::size_t bytes) {
    const std::string half = "*2\r\n$4\r\nECHO\r\n$1000000\r\n" + std::string(bytes, 'x');
    const std::size_t index = connection.client_id() - 1;
    std::string_view left = half;
    while (!left.empty()) {
      const ssize_t sent =
          ::send(far_ends[index].get(), left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) left.remove_prefix(static_cast<std::size_t>(sent));
      connection.on_event({.readable = true});
    }
    far_ends[index].reset();  // unnoticed: the loop does not run
    REQUIRE(connection.buffer_bytes() >= bytes);
  }
  void close(Connection& connection) {
    connection.abort(CloseReason::closed_at_once);
    table.end_turn();
  }
};

TEST_CASE("connection table: neither clients nor administrators take the other's slots") {
  Bench bench({.clients = 2, .admins = 1});
  bench.open(bench.open_to_all);
  Connection& second = bench.open(bench.open_to_all);
  CHECK(bench.table.is_full(bench.open_to_all));
  CHECK(bench.admit(bench.open_to_all) == Admission::full);
  CHECK(bench.admit(bench.admin) == Admission::admitted);

  Connection& administrator = bench.open(bench.admin);
  CHECK(bench.admit(bench.admin) == Admission::full);
  CHECK(bench.table.used().clients == 2);
  CHECK(bench.table.used().admins == 1);

  bench.close(second);
  CHECK(bench.admit(bench.open_to_all) == Admission::admitted);
  CHECK(bench.admit(bench.admin) == Admission::full);
  bench.close(administrator);
  CHECK(bench.admit(bench.admin) == Admission::admitted);
  CHECK(bench.table.used().clients == 1);
  CHECK(bench.table.used().admins == 0);
}

TEST_CASE("connection table: fewer slots end nobody, and more are told at once") {
  Bench bench({.clients = 2, .admins = 1});
  int told = 0;
  bench.table.set_on_room([&] { ++told; });
  bench.open(bench.open_to_all);
  Connection& second = bench.open(bench.open_to_all);
  bench.table.set_max_clients(1);
  CHECK(bench.table.used().clients == 2);
  bench.close(second);
  CHECK(bench.admit(bench.open_to_all) == Admission::full);
  bench.open(bench.admin);
  told = 0;
  bench.table.set_max_clients(4);
  CHECK(told == 1);
  for (int n = 0; n < 3; ++n) bench.open(bench.open_to_all);
  CHECK(bench.admit(bench.open_to_all) == Admission::full);
}

TEST_CASE("connection table: without slots for them there are no administrators") {
  Bench bench({.clients = 2, .admins = 0});
  CHECK(bench.admit(bench.admin) == Admission::full);
  CHECK(bench.admit(bench.open_to_all) == Admission::admitted);
}

TEST_CASE("connection table: administrators are not counted against their address") {
  Bench bench({.clients = 4, .admins = 4});
  bench.table.set_limits(1, 0);
  bench.open(bench.admin);
  CHECK(bench.admit(bench.open_to_all) == Admission::admitted);
  Connection& client = bench.open(bench.open_to_all);
  CHECK(bench.admit(bench.open_to_all) == Admission::too_many_from_address);
  CHECK(bench.admit(bench.open_to_all, 2) == Admission::admitted);
  CHECK(bench.admit(bench.admin) == Admission::admitted);
  // The same when the limit comes while they are there.
  bench.table.set_limits(0, 0);
  bench.table.set_limits(1, 0);
  CHECK(bench.admit(bench.open_to_all) == Admission::too_many_from_address);
  bench.close(client);
  CHECK(bench.admit(bench.open_to_all) == Admission::admitted);
}

TEST_CASE("connection table: when memory is short, an administrator who holds little stays") {
  Bench bench({.clients = 400, .admins = 1});
  Connection& administrator = bench.open(bench.admin);
  bench.keep(administrator, 1100);
  const std::size_t limit = 256 * administrator.buffer_bytes();  // it holds its share, no more
  bench.table.set_limits(0, limit);
  while (bench.table.buffer_bytes() <= limit) bench.keep(bench.open(bench.open_to_all), 1000);
  bench.table.end_turn();
  CHECK_FALSE(administrator.is_ending());
  CHECK(bench.events.count_of(Event::closed_memory) == 1);
}

TEST_CASE("connection table: who asked not to be evicted goes last, whatever he holds") {
  Bench bench({.clients = 2, .admins = 1});
  Connection& client = bench.open(bench.open_to_all);
  Connection& spared = bench.open(bench.admin);
  spared.session().set_no_evict(true);
  bench.keep(client, 1000);
  bench.keep(spared, 1100);
  bench.table.set_limits(0, bench.table.buffer_bytes() - 1);
  bench.table.end_turn();
  CHECK(client.is_ending());
  CHECK_FALSE(spared.is_ending());
  bench.table.set_limits(0, 1);
  bench.table.end_turn();
  CHECK(spared.is_ending());
}

TEST_CASE("connection table: an administrator who holds more than that is weighed like a client") {
  Bench bench({.clients = 1, .admins = 1});
  Connection& client = bench.open(bench.open_to_all);
  Connection& administrator = bench.open(bench.admin);
  bench.keep(client, 1000);
  bench.keep(administrator, 1100);
  bench.table.set_limits(0, bench.table.buffer_bytes() - 1);
  bench.table.end_turn();
  CHECK(administrator.is_ending());
  CHECK_FALSE(client.is_ending());
}

TEST_CASE("connection table: many who must go, go over several turns, and each is counted once") {
  Bench bench({.clients = 100, .admins = 0});
  for (int i = 0; i < 100; ++i) bench.keep(bench.open(bench.open_to_all), 5000);
  bench.table.set_limits(0, 1000);
  CHECK(bench.table.end_turn());
  CHECK(bench.events.count_of(Event::closed_memory) == 16);
  int turns = 1;
  while (bench.table.end_turn()) REQUIRE(++turns < 100);
  CHECK(turns >= 6);
  CHECK(bench.events.count_of(Event::closed_memory) == 100);
}

TEST_CASE("connection table: the largest of all go first, though it is looked for once") {
  Bench bench({.clients = 100, .admins = 0});
  for (int i = 0; i < 60; ++i) bench.keep(bench.open(bench.open_to_all), i == 30 ? 60'000 : 2000);
  for (int i = 0; i < 20; ++i) bench.keep(bench.open(bench.open_to_all), 9000);
  const std::size_t large = bench.table.find_client(31)->buffer_bytes();
  bench.table.set_limits(0, bench.table.buffer_bytes() - large / 2);
  CHECK_FALSE(bench.table.end_turn());
  CHECK(bench.events.count_of(Event::closed_memory) == 1);
  CHECK(bench.table.find_client(31)->is_ending());
}

TEST_CASE("connection table: a crowd that ends together is destroyed over several turns") {
  Bench bench({.clients = 104, .admins = 0});
  for (int i = 0; i < 104; ++i) bench.open(bench.open_to_all);
  bench.table.for_each([](Connection& one) { one.abort(CloseReason::closed_at_once); });
  for (const std::uint32_t left : {72u, 40u, 8u}) {
    CHECK(bench.table.end_turn());
    CHECK(bench.table.used().clients == left);
  }
  CHECK_FALSE(bench.table.end_turn());
  CHECK(bench.table.is_empty());
}

TEST_CASE("connection table: an end is work, and a crowd of them ends the part of the turn") {
  Bench bench({.clients = 40, .admins = 0});
  for (int i = 0; i < 40; ++i) bench.open(bench.open_to_all);
  test::TokenSink sink(2, [&](Token token) {
    if (token == 0)
      bench.table.for_each([](Connection& each) { each.abort(CloseReason::closed_at_once); });
  });
  bench.loop.make_ready(0);
  bench.loop.make_ready(1);
  bench.loop.run_turn(sink);
  CHECK(sink.served == std::vector<Token>{0});
  bench.loop.run_turn(sink);
  CHECK(sink.served == std::vector<Token>{0, 1});
}

TEST_CASE("connection table: a client is found by its number, however long it has been there") {
  Bench bench({.clients = 4, .admins = 0});
  bench.open(bench.open_to_all);
  for (int i = 0; i < 20; ++i) bench.close(bench.open(bench.open_to_all));
  bench.open(bench.open_to_all);
  REQUIRE(bench.table.find_client(1) != nullptr);
  CHECK(bench.table.find_client(1)->client_id() == 1);
  CHECK(bench.table.find_client(22)->client_id() == 22);
  for (std::uint64_t gone = 2; gone < 22; ++gone) CHECK(bench.table.find_client(gone) == nullptr);
  CHECK(bench.table.find_client(23) == nullptr);
  bench.close(*bench.table.find_client(1));
  CHECK(bench.table.find_client(1) == nullptr);
}

TEST_CASE("connection table: who ends slowly is in nobody's way, unless much is held") {
  Bench bench({.clients = 2, .admins = 0});
  Connection& much = bench.open(bench.open_to_all);
  REQUIRE(much.push([](Buffer& out) { out.append(std::string(4u << 20, 'x')); }));
  much.end(CloseReason::closed_quit, "");
  REQUIRE(much.buffer_bytes() > 1u << 20);
  bench.table.set_limits(0, 1u << 20);
  while (bench.table.end_turn()) continue;
  CHECK(bench.table.used().clients == 0);
  CHECK(bench.table.buffer_bytes() == 0);
}

}  // namespace
}  // namespace reactord
