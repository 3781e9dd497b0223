// SPDX-License-Identifier: MIT
// Of a connection: its share of a turn, and the memory that it holds.
#include "daemon/connection/connection.h"

#include <doctest/doctest.h>

#include "tests/unit/support/connection_bench.h"
#include "tests/unit/support/resp_text.h"

using namespace reactord;
using reactord::test::bulk;
using reactord::test::ConnectionBench;
using reactord::test::echo;

TEST_CASE("connection: at rest it owns no buffer") {
  ConnectionBench bench;
  bench.receive(echo("a").substr(0, 9));
  bench.receive(echo("a").substr(9));
  CHECK(bench.script.sent == bulk("a"));
  CHECK(bench.connection->buffer_bytes() == 0);
  CHECK(bench.memory == 0);
}

TEST_CASE("connection: room follows what was received, not what was announced") {
  ConnectionBench bench;
  const std::string announced = "*2\r\n$4\r\nECHO\r\n$16000000\r\n";
  bench.receive(announced + std::string(100, 'x'));
  CHECK(bench.memory < 1000);
  bench.receive(std::string(64u << 10, 'x'));
  CHECK(bench.memory <= 6 * (64 << 10));
  for (int i = 0; i < 15; ++i) bench.receive(std::string(64u << 10, 'x'));
  CHECK(bench.memory <= 6 * (1 << 20));
}

TEST_CASE("connection: a large frame leaves its buffer to the next one, up to a limit") {
  ConnectionBench bench;
  const std::string word(1u << 20, 'x');
  const std::string echo = "*2\r\n$4\r\nECHO\r\n$1048576\r\n" + word + "\r\n";
  for (int i = 0; i < 3; ++i) {
    bench.receive(echo);
    CHECK(bench.take_sent() == "$1048576\r\n" + word + "\r\n");
    CHECK(bench.memory == 0);
  }
  const std::size_t kept = bench.loop_context.pool.bytes();
  CHECK(kept >= echo.size());
  CHECK(kept <= LoopContext::kMaxPoolBytes);
  // The whole of it is there as soon as it is known to be needed.
  bench.receive(echo.substr(0, 64u << 10));
  CHECK(static_cast<std::size_t>(bench.memory) >= echo.size());
  CHECK(bench.loop_context.pool.bytes() < kept);
  bench.receive(echo.substr(64u << 10));
  CHECK(bench.take_sent().size() == 1048588);
  CHECK(bench.loop_context.pool.bytes() == kept);
}

TEST_CASE(
    "connection: above the high-water mark it neither reads nor serves until the output drains") {
  ConnectionBench bench;
  bench.loop_context.output_high_water = 1000;
  bench.script.blocks_sends = true;
  bench.receive(echo("first") + "BIG 2000\n" + echo("after"));
  CHECK(bench.served == std::vector<std::string>{"first", "2000"});
  bench.receive(echo("more"));
  CHECK(bench.served.size() == 2);
  CHECK(bench.script.input.size() == 1);  // unread: the client's own kernel holds it back
  bench.script.blocks_sends = false;
  bench.turn({.writable = true});
  CHECK(bench.served == std::vector<std::string>{"first", "2000", "after", "more"});
  CHECK(bench.script.sent.ends_with(bulk("after") + bulk("more")));
}

TEST_CASE("connection: what a request costs counts for the share") {
  ConnectionBench bench;
  std::string pipeline;
  for (int i = 0; i < 10; ++i) pipeline += "COSTLY 399\n";
  bench.script.input.push_back(pipeline);
  bench.connection->on_event({.readable = true});
  CHECK(bench.served.size() == 3);  // 1000 units are left, then 600, then 200
  CHECK(bench.is_ready);
  CHECK(bench.loop_context.take_work() >= 1000);
  bench.turn({});
  CHECK(bench.served.size() == 10);
}

TEST_CASE("connection: bytes that come and go are work, too") {
  ConnectionBench bench;
  bench.connection->on_event({.writable = true});
  (void)bench.loop_context.take_work();
  bench.script.input.push_back("BIG 200000\n");
  bench.connection->on_event({.readable = true});
  CHECK(bench.loop_context.take_work() >= 200'000 / 2048);
}

TEST_CASE("connection: one turn serves a bounded share, and the rest follows") {
  ConnectionBench bench;
  std::string input;
  for (int i = 0; i < 2500; ++i) input += "PING\n";
  bench.script.input.push_back(input);
  bench.connection->on_event({.readable = true});
  CHECK(bench.served.size() == 1000);
  CHECK(bench.is_ready);
  bench.turn({});
  CHECK(bench.served.size() == 2500);
}

TEST_CASE("connection: pushes are bounded by the high-water mark") {
  ConnectionBench bench;
  bench.loop_context.output_high_water = 100;
  bench.script.blocks_sends = true;
  const auto push = [&] {
    return bench.connection->push([](Buffer& out) { out.append(std::string(60, 'p')); });
  };
  CHECK(push());
  bench.turn({});
  CHECK(push());
  CHECK_FALSE(push());
  bench.script.blocks_sends = false;
  bench.turn({.writable = true});
  CHECK(bench.script.sent.size() == 120);
  CHECK(push());
}

TEST_CASE("connection: what it holds is accounted to the byte") {
  ConnectionBench bench;
  bench.script.blocks_sends = true;
  bench.receive("BIG 5000\nECHO a");
  CHECK(bench.memory == static_cast<std::ptrdiff_t>(bench.connection->buffer_bytes()));
  CHECK(bench.memory > 5000);
  bench.connection->abort(CloseReason::closed_memory);
  CHECK(bench.memory == 0);
}

TEST_CASE("connection: a reply that is taken back leaves no memory behind") {
  ConnectionBench bench;
  bench.receive("WAIT\n");
  bench.connection->complete([](Buffer& out) {
    out.append(std::string(100'000, 'x'));
    out.truncate(0);
    return std::size_t{1};
  });
  CHECK(bench.memory == 0);
  CHECK(bench.connection->buffer_bytes() == 0);
}

TEST_CASE("connection: frames that need no reply count for its share of a turn") {
  for (const std::string ignored : {"\n", "\r\n", "*0\r\n", "*-1\r\n"}) {
    CAPTURE(ignored);
    ConnectionBench bench;
    std::string input = echo("first");
    for (int i = 0; i < 2999; ++i) input += ignored;
    bench.script.input = {input + echo("last")};
    std::vector<std::size_t> left;
    for (Readiness readiness{.readable = true}; bench.is_ready || left.empty(); readiness = {}) {
      bench.is_ready = false;
      bench.connection->on_event(readiness);
      left.push_back(bench.connection->input_bytes());
    }
    const std::size_t share = 1000 * ignored.size();
    const std::size_t last = echo("last").size();
    CHECK(left == std::vector{2 * share + last, share + last, last, std::size_t{0}});
    CHECK(bench.served == std::vector<std::string>{"first", "last"});
  }
}

TEST_CASE("connection: what is thrown away after its end is bounded in each turn, too") {
  ConnectionBench bench;
  bench.receive("QUIT\n");
  bench.script.input = {std::string(1u << 20, 'x')};
  bench.script.receives = 0;
  bench.connection->on_event({.readable = true});
  CHECK(bench.script.receives == 1);
  CHECK(bench.script.input.front().size() == (1u << 20) - (256u << 10));
  CHECK(bench.is_ready);
  bench.turn({});
  CHECK(bench.script.input.empty());
}
