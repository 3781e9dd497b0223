// SPDX-License-Identifier: MIT
// Servers that break the protocol, pushes, and callbacks that pull the ground from under the
// client.
#include <doctest/doctest.h>

#include <stdexcept>

#include "tests/unit/support/resp_client_bench.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;
using test::bench_settings;
using test::get;
using test::RespClientBench;
using test::Results;

RespClientSettings resp3() {
  RespClientSettings settings = bench_settings();
  settings.protocol = 3;
  return settings;
}

const std::string kHello = "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n";

TEST_CASE("a server that breaks the protocol loses its connection, with a reason") {
  struct Row {
    std::string bytes;
    std::string reason;
  };
  RespClientSettings settings = bench_settings();
  settings.reply_limits = {
      .max_bytes = 100, .max_line_bytes = 50, .max_elements = 10, .max_depth = 2};
  const Row rows[] = {
      {"HTTP/1.1 400 Bad Request\r\n",
       "the server broke the protocol: expected a reply, got 'HTTP/1.1 400 Bad Request\\r\\n'"},
      {"$3\r\nabcd\r\n",
       "the server broke the protocol: a string is longer or shorter than its announced length"},
      {"$1000\r\n",
       "the server broke the protocol: a string of 1000 bytes (at most 100 are accepted)"},
      {"*1\r\n*1\r\n*1\r\n:1\r\n",
       "the server broke the protocol: a reply nested more than 2 deep"},
      {"+" + std::string(60, 'x'), "the server broke the protocol: a line of more than 50 bytes"},
      {"*11\r\n", "the server broke the protocol: a reply of more than 10 elements"},
      {">1\r\n+a\r\n", "the server sent a push, which RESP2 has not"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.bytes);
    RespClientBench bench(settings);
    bench.connect();
    CHECK(bench.ask("a") != 0);
    CHECK(bench.ask("b") != 0);
    bench.turn();
    bench.receive(":1\r\n" + row.bytes);
    CHECK_EQ(bench.taken(), Results{"a: :1\r\n", "b: lost"});
    CHECK_EQ(bench.states, Results{"connected", row.reason});
    CHECK_FALSE(bench.client->is_connected());
    bench.connect();
    CHECK(bench.ask("c") != 0);
    bench.turn();
    bench.receive(":3\r\n");
    CHECK_EQ(bench.taken(), Results{"c: :3\r\n"});
  }
}

TEST_CASE("a reply that nobody has asked for is never somebody's") {
  const std::string reason = "the server sent a reply that nobody has asked for";
  RespClientBench bench;
  bench.connect();
  bench.receive(":1\r\n");
  CHECK_EQ(bench.states.back(), reason);

  bench.connect();
  CHECK(bench.ask("a") != 0);  // not sent yet: it cannot have been answered
  bench.receive(":1\r\n");
  CHECK_EQ(bench.states.back(), reason);
  CHECK_EQ(bench.taken(), Results{"a: unavailable"});

  bench.connect();
  bench.stream().accepts = {get("a").size() - 1};
  CHECK(bench.ask("a") != 0);
  bench.turn();
  bench.receive(":1\r\n");
  CHECK_EQ(bench.states.back(), reason);
  CHECK_EQ(bench.taken(), Results{"a: lost"});

  bench.connect();
  CHECK(bench.ask("a") != 0);
  bench.turn();
  bench.receive(":1\r\n:2\r\n");
  CHECK_EQ(bench.taken(), Results{"a: :1\r\n"});
  CHECK_EQ(bench.states.back(), reason);
}

TEST_CASE("half a reply of a connection is not continued by the next") {
  RespClientBench bench;
  bench.connect();
  CHECK(bench.ask("a") != 0);
  bench.turn();
  bench.receive("$5\r\nhe");
  bench.stream().input_ends = true;
  bench.tell();
  CHECK_EQ(bench.taken(), Results{"a: lost"});
  CHECK_EQ(bench.problem, "the server has closed the connection");
  bench.connect();
  CHECK(bench.ask("b") != 0);
  bench.turn();
  bench.receive(":1\r\n");
  CHECK_EQ(bench.taken(), Results{"b: :1\r\n"});
}

TEST_CASE("RESP3 is asked for first, and pushes are told apart from replies") {
  RespClientBench bench(resp3());
  CHECK(bench.ask("a") != 0);
  bench.connect();
  CHECK_EQ(bench.sent(), kHello + get("a"));
  CHECK_EQ(bench.client->protocol(), 2);
  bench.receive("%1\r\n+proto\r\n:3\r\n>1\r\n+dropped\r\n_\r\n");
  CHECK_EQ(bench.client->protocol(), 3);
  CHECK_EQ(bench.taken(), Results{"a: _\r\n"});
  Results pushes;
  bench.client->on_push([&](std::string_view bytes) { pushes.emplace_back(bytes); });
  CHECK(bench.ask("b") != 0);
  bench.turn();
  bench.receive(">1\r\n+hi\r\n|1\r\n+ttl\r\n:1\r\n#t\r\n>1\r\n+you\r\n");
  CHECK_EQ(bench.taken(), Results{"b: |1\r\n+ttl\r\n:1\r\n#t\r\n"});
  CHECK_EQ(pushes, Results{">1\r\n+hi\r\n", ">1\r\n+you\r\n"});
  CHECK_EQ(bench.client->counters().pushes, 3);
}

TEST_CASE("a server that refuses RESP3 is spoken to in RESP2") {
  RespClientBench bench(resp3());
  bench.connect();
  CHECK(bench.ask("a") != 0);
  bench.turn();
  bench.receive("-ERR unknown command 'HELLO'\r\n:1\r\n");
  CHECK_EQ(bench.client->protocol(), 2);
  CHECK_EQ(bench.taken(), Results{"a: :1\r\n"});
}

TEST_CASE("a server that does not answer HELLO loses its connection") {
  RespClientBench bench(resp3());
  bench.connect();
  bench.service.advance(199ms);
  CHECK(bench.client->is_connected());
  bench.service.advance(1ms);
  CHECK_FALSE(bench.client->is_connected());
  CHECK_FALSE(bench.client->is_available());
}

TEST_CASE("a callback may ask again, and cancel others") {
  RespClientBench bench;
  bench.connect();
  std::uint64_t other = 0;
  const std::string_view words[] = {"PING"};
  CHECK(bench.client->request(words, [&](const RespResult& result) {
    bench.client->cancel(other);
    bench.note("a", result);
    for (int i = 0; i < 40; ++i) CHECK(bench.ask("again") != 0);  // the ring grows
  }) != 0);
  other = bench.ask("b");
  CHECK(bench.ask("c") != 0);
  bench.turn();
  bench.receive(":1\r\n:2\r\n:3\r\n");
  CHECK_EQ(bench.taken(), Results{"a: :1\r\n", "c: :3\r\n"});
  CHECK_EQ(bench.client->pending(), 40);
}

TEST_CASE("a request cancelled by another that is lost beside it is not told") {
  RespClientBench bench;
  bench.connect();
  std::uint64_t other = 0;
  const std::string_view words[] = {"PING"};
  CHECK(bench.client->request(words, [&](const RespResult&) {
    bench.client->cancel(other);
    bench.results.emplace_back("told");
  }) != 0);
  other = bench.ask("b");
  CHECK(bench.ask("c") != 0);
  bench.turn();
  bench.stream().is_lost = true;
  bench.tell();
  CHECK_EQ(bench.taken(), Results{"told", "c: lost"});
}

TEST_CASE("any callback may destroy the client") {
  const auto end_with = [](auto&& prepare, auto&& act) {
    RespClientBench bench(resp3());
    bench.connect();
    bench.receive("%0\r\n");
    prepare(bench);
    for (int i = 0; i < 3; ++i) (void)bench.ask("beside");
    bench.turn();
    act(bench);
    CHECK(bench.client == nullptr);
    CHECK(bench.taken().empty());
    CHECK_EQ(bench.service.timers(), 0);
  };
  const auto ask = [](RespClientBench& bench) {
    const std::string_view words[] = {"PING"};
    CHECK(bench.client->request(words, [&](const RespResult&) { bench.client.reset(); }) != 0);
  };
  end_with(ask, [](RespClientBench& bench) { bench.receive(":1\r\n:2\r\n"); });
  end_with(ask, [](RespClientBench& bench) { bench.service.advance(200ms); });
  end_with(ask, [](RespClientBench& bench) {
    bench.stream().is_lost = true;
    bench.tell();
  });
  end_with(
      [](RespClientBench& bench) {
        bench.client->on_push([&](std::string_view) { bench.client.reset(); });
      },
      [](RespClientBench& bench) { bench.receive(">1\r\n+x\r\n:1\r\n"); });
  end_with(
      [](RespClientBench& bench) {
        // What it holds is used after the client has gone: it must be alive still.
        bench.client->on_state([&bench, text = std::string(50, 'x')](bool, std::string_view why) {
          bench.client.reset();
          CHECK(text.size() == 50);
          CHECK(why.starts_with("the server broke the protocol: "));
        });
      },
      [](RespClientBench& bench) {
        bench.receive("nonsense, more than forty bytes of it, at once");
      });
}

TEST_CASE("a client may go at the first connection, and at a failed attempt") {
  for (const bool succeeds : {true, false}) {
    RespClientBench bench;
    bench.client->on_state([&](bool, std::string_view) { bench.client.reset(); });
    CHECK(bench.ask("a") != 0);
    bench.service.advance(0ms);
    succeeds ? bench.script.succeed() : bench.script.fail();
    CHECK(bench.client == nullptr);
    CHECK(bench.taken().empty());
  }
}

TEST_CASE("an exception of a callback costs a line in the log, and nobody's reply") {
  RespClientBench bench;
  bench.connect();
  const std::string_view words[] = {"PING"};
  CHECK(bench.client->request(words, [](const RespResult&) { throw std::runtime_error("oh"); }) !=
        0);
  CHECK(bench.ask("b") != 0);
  bench.turn();
  bench.receive(":1\r\n:2\r\n");
  CHECK_EQ(bench.taken(), Results{"b: :2\r\n"});
  CHECK_EQ(bench.service.logged, Results{"a callback has thrown: oh"});
}

TEST_CASE("a turn tells of a bounded number of replies, and of requests that end") {
  RespClientSettings settings = bench_settings();
  settings.max_pending = 100'000;
  RespClientBench bench(settings);
  bench.connect();
  const auto ask_many = [&] {
    for (int i = 0; i < 2000; ++i) CHECK(bench.ask("x") != 0);
    bench.turn();
  };
  ask_many();
  std::string replies;
  for (int i = 0; i < 2000; ++i) replies += ":1\r\n";
  bench.receive(replies);
  CHECK_EQ(bench.taken().size(), 500);
  bench.turn();
  CHECK_EQ(bench.taken().size(), 500);
  bench.turn();
  bench.turn();
  CHECK_EQ(bench.taken().size(), 1000);
  CHECK_EQ(bench.stream().receives, 1);

  ask_many();
  bench.service.advance(199ms);
  REQUIRE(bench.service.run_timer());
  CHECK_EQ(bench.taken().size(), 200);
  bench.stream().is_lost = true;
  bench.tell();  // the first 200 have been told before
  CHECK(bench.taken().empty());
  CHECK(bench.service.run_timer());
  CHECK_EQ(bench.taken().size(), 200);
  bench.service.advance(0ms);
  CHECK_EQ(bench.taken().size(), 1600);
  CHECK_EQ(bench.client->counters().timed_out, 200);
  CHECK_EQ(bench.client->counters().lost, 1800);
}

TEST_CASE("a loop that was stopped gives late replies their time") {
  RespClientBench bench;
  bench.connect();
  CHECK(bench.ask("a") != 0);
  bench.turn();
  bench.service.time += 10s;
  REQUIRE(bench.service.run_timer());
  CHECK_EQ(bench.taken(), Results{"a: timed_out"});
  CHECK(bench.client->is_connected());
  bench.receive(":1\r\n");
  CHECK(bench.client->is_connected());
  CHECK_EQ(bench.client->counters().thrown_away, 1);
}

}  // namespace
}  // namespace reactord
