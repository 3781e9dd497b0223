// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <memory>
#include <utility>
#include <vector>

#include "tests/unit/support/connection_bench.h"
#include "tests/unit/support/resp_text.h"

using namespace reactord;
using reactord::test::bulk;
using reactord::test::ConnectionBench;
using reactord::test::echo;
using reactord::test::ScriptedStream;
using reactord::test::StreamScript;
using namespace std::chrono_literals;

TEST_CASE("deadlines: a client that says nothing gets only FIN") {
  ConnectionBench bench;
  bench.pass(ConnectionBench::kFirstRequest - 1ms);
  CHECK(bench.closed == 0);
  bench.pass(1ms);
  CHECK(bench.ends == std::vector{CloseReason::closed_first_request});
  CHECK(bench.closed == 1);
  CHECK(bench.script.sent.empty());
}

TEST_CASE("deadlines: empty lines are no request") {
  ConnectionBench bench;
  for (int i = 0; i < 6; ++i) {
    bench.receive("\r\n");
    bench.pass(10s);
  }
  CHECK(bench.ends == std::vector{CloseReason::closed_first_request});
}

TEST_CASE("deadlines: a frame is timed from its first byte, whatever trickles in") {
  ConnectionBench bench;
  bench.receive("PING\n");
  bench.pass(1h);
  bench.script.sent.clear();
  bench.receive("*1\r\n$100\r\n");
  for (int second = 1; second < 30; ++second) {
    bench.pass(1s);
    bench.receive("x");
  }
  CHECK(bench.ends.empty());
  bench.pass(1s);
  CHECK(bench.ends == std::vector{CloseReason::closed_frame});
  CHECK(bench.script.sent.starts_with("-ERR timeout"));
}

TEST_CASE("deadlines: the first request's own deadline stays where it is nearer than its frame's") {
  ConnectionBench bench;
  bench.pass(50s);
  bench.receive("PI");
  bench.pass(10s);
  CHECK(bench.ends == std::vector{CloseReason::closed_first_request});
  CHECK(bench.script.sent.starts_with("(error) ERR timeout"));
}

TEST_CASE("deadlines: a new frame begins a new time") {
  ConnectionBench bench;
  bench.receive("PING\nPI");
  bench.pass(20s);
  bench.receive("NG\nPI");
  bench.pass(20s);
  CHECK(bench.ends.empty());
  bench.pass(10s);
  CHECK(bench.ends == std::vector{CloseReason::closed_frame});
}

TEST_CASE("deadlines: idle runs between requests, and only there") {
  ConnectionBench bench;
  bench.loop_context.deadlines.idle.set_length(5s);
  bench.receive("PING\n");
  bench.pass(4s);
  bench.receive("PING\n");
  bench.pass(4s);
  CHECK(bench.ends.empty());
  bench.receive("WAIT\n");
  bench.pass(1h);
  CHECK(bench.ends.empty());
  bench.complete("done");
  bench.pass(4999ms);
  CHECK(bench.ends.empty());
  bench.pass(1ms);
  CHECK(bench.ends == std::vector{CloseReason::closed_idle});
}

TEST_CASE("deadlines: idle begins when the reply is sent") {
  ConnectionBench bench;
  bench.loop_context.deadlines.idle.set_length(5s);
  bench.loop_context.deadlines.write_stall.set_length(1h);
  bench.script.accepts = {10};
  bench.receive("BIG 1000\n");
  bench.pass(5s);
  CHECK(bench.ends.empty());
  bench.turn({.writable = true});
  bench.pass(4999ms);
  CHECK(bench.ends.empty());
  bench.pass(1ms);
  CHECK(bench.ends == std::vector{CloseReason::closed_idle});
}

TEST_CASE("deadlines: a subscriber is not idle") {
  ConnectionBench bench;
  bench.loop_context.deadlines.idle.set_length(5s);
  bench.connection->subscribe();
  bench.receive("PING\n");
  bench.pass(1h);
  CHECK(bench.ends.empty());
  bench.connection->unsubscribe();
  bench.pass(5s);
  CHECK(bench.ends == std::vector{CloseReason::closed_idle});
}

TEST_CASE("deadlines: a subscriber's request is timed like any other") {
  ConnectionBench bench;
  bench.connection->subscribe();
  bench.receive("PING\nPI");
  bench.pass(ConnectionBench::kFrame);
  CHECK(bench.ends == std::vector{CloseReason::closed_frame});
}

TEST_CASE("deadlines: pieces of nothing do not put off the first request's") {
  ConnectionBench bench;
  for (int i = 0; i < 6; ++i) {
    bench.receive("*");
    bench.receive("0\r\n");
    bench.pass(9s);
  }
  bench.receive("*");
  bench.pass(6s);
  CHECK(bench.ends.size() == 1);
}

TEST_CASE("deadlines: without one for frames, the first request still has its own") {
  ConnectionBench bench;
  bench.loop_context.deadlines.frame.set_length(Duration::zero());
  bench.receive("PI");
  bench.pass(ConnectionBench::kFirstRequest);
  CHECK(bench.ends == std::vector{CloseReason::closed_first_request});
}

TEST_CASE("deadlines: a blank line in two pieces does not cut an idle client") {
  ConnectionBench bench;
  bench.loop_context.deadlines.idle.set_length(1h);
  bench.receive("PING\n");
  bench.receive("\r");
  bench.receive("\n");
  bench.pass(59min);
  CHECK(bench.ends.empty());
  bench.pass(1min);
  CHECK(bench.ends == std::vector{CloseReason::closed_idle});
}

TEST_CASE("deadlines: a peer that takes nothing is cut off; one that takes a little is not") {
  ConnectionBench bench;
  bench.script.accepts = {10};
  bench.receive("BIG 1000\n");
  bench.script.accepts = {10, 0};
  bench.pass(19s);
  bench.turn({.writable = true});
  bench.pass(19s);
  CHECK(bench.ends.empty());
  bench.pass(1s);
  CHECK(bench.ends == std::vector{CloseReason::closed_write_stall});
  CHECK(bench.closed == 1);
}

TEST_CASE("deadlines: no time runs for a frame that waits for our own output") {
  ConnectionBench bench;
  bench.loop_context.output_high_water = 100;
  bench.loop_context.deadlines.write_stall.set_length(1h);
  bench.script.blocks_sends = true;
  bench.receive("BIG 1000\nPING\nPI");
  bench.pass(40s);
  CHECK(bench.ends.empty());
}

// --- late ourselves: what the client has done meanwhile lies in its socket, and no event has come

TEST_CASE("deadlines, late: a first request that has arrived is answered") {
  ConnectionBench bench;
  bench.script.input = {"ECHO a\n"};
  bench.pass(3h);
  CHECK(bench.ends.empty());
  CHECK(bench.script.sent == "a\n");
}

TEST_CASE("deadlines, late: the beginning of a first request is not enough") {
  ConnectionBench bench;
  bench.script.input = {"ECH"};
  bench.pass(3h);
  CHECK(bench.ends == std::vector{CloseReason::closed_first_request});
  CHECK(bench.script.sent.starts_with("(error) ERR timeout"));
}

TEST_CASE("deadlines, late: the rest of a frame that has arrived completes it") {
  ConnectionBench bench;
  bench.receive("ECHO a\nECHO ");
  bench.script.input = {"b\nECH"};
  bench.pass(3h);
  CHECK(bench.ends.empty());
  CHECK(bench.script.sent == "a\nb\n");
  bench.pass(ConnectionBench::kFrame);  // which the next one has from now on
  CHECK(bench.ends == std::vector{CloseReason::closed_frame});
}

TEST_CASE("deadlines, late: a large frame is received to its end, turn by turn") {
  ConnectionBench bench;
  const std::string word(5u << 20, 'x');
  const std::string frame = echo(word);
  bench.receive("PING\n" + frame.substr(0, 100));
  bench.script.sent.clear();
  bench.script.input = {frame.substr(100)};
  bench.pass(ConnectionBench::kFrame);
  CHECK(bench.ends.empty());
  CHECK(bench.script.sent == bulk(word));
}

TEST_CASE("deadlines, late: whoever sends without end, and nothing whole, is cut all the same") {
  ConnectionBench bench;
  bench.receive("PING\n*1\r\n$16000000\r\n");
  bench.loop_context.deadlines.frame.set_length(1ms);
  bench.time += 1ms;
  for (int turns = 0; bench.ends.empty() && turns < 20; ++turns) {
    bench.script.input = {std::string(1u << 20, 'x')};
    bench.connection->on_event({});
    bench.loop_context.deadlines.expire(bench.time);
    bench.time += 500us;
  }
  CHECK(bench.ends == std::vector{CloseReason::closed_frame});
}

TEST_CASE("deadlines, late: a trickler has sent something, and is cut in time") {
  ConnectionBench bench;
  bench.receive("PING\n*1\r\n$100\r\n");
  bench.script.input = {"x"};
  bench.pass(ConnectionBench::kFrame);
  CHECK(bench.ends == std::vector{CloseReason::closed_frame});
}

TEST_CASE("deadlines, late: an idle client's next request has arrived") {
  ConnectionBench bench;
  bench.loop_context.deadlines.idle.set_length(5s);
  bench.receive("ECHO a\n");
  SUBCASE("whole") {
    bench.script.input = {"ECHO b\n"};
  }
  SUBCASE("in part") {
    bench.script.input = {"ECHO"};
  }
  bench.pass(3h);
  CHECK(bench.ends.empty());
}

TEST_CASE("deadlines, late: an empty line is no request, and keeps nobody from being idle") {
  ConnectionBench bench;
  bench.loop_context.deadlines.idle.set_length(5s);
  bench.receive("ECHO a\n");
  bench.script.input = {"\n"};
  bench.pass(5s);
  CHECK(bench.ends == std::vector{CloseReason::closed_idle});
}

TEST_CASE("deadlines, late: a slow reader has made room, and no event has said so") {
  ConnectionBench bench;
  bench.script.accepts = {10, 0};
  bench.receive("BIG 1000\n");
  bench.turn({.writable = true});  // takes nothing
  bench.pass(3h);
  CHECK(bench.ends.empty());
  CHECK(bench.script.sent.size() == 1001);
}

TEST_CASE("deadlines, late: a client that is lingered for has closed in order") {
  ConnectionBench bench;
  bench.receive("WAIT\n");
  bench.connection->want_receipt();
  bench.complete("now");
  bench.receive("QUIT\n");
  bench.script.input = {"unread"};
  bench.script.input_ends = true;
  bench.pass(3h);
  CHECK(bench.script.input.empty());
  CHECK(bench.closed == 1);
}

TEST_CASE("deadlines, late: a reset is found as such") {
  ConnectionBench bench;
  bench.receive("PING\nPI");
  bench.script.is_lost = true;
  bench.pass(ConnectionBench::kFrame);
  CHECK(bench.ends == std::vector{CloseReason::closed_reset});
}

TEST_CASE("deadlines: each is judged by a socket that was looked at, not before") {
  ConnectionBench bench;
  bench.time += ConnectionBench::kFirstRequest;
  bench.loop_context.deadlines.expire(bench.time);
  CHECK(bench.is_ready);
  bench.loop_context.deadlines.expire(bench.time);  // its turn has not come yet
  CHECK(bench.ends.empty());
  bench.turn({});
  CHECK(bench.script.receives == 1);
  bench.loop_context.deadlines.expire(bench.time);
  CHECK(bench.ends == std::vector{CloseReason::closed_first_request});
}

TEST_CASE("deadlines: one that is turned off while somebody is overdue ends nobody") {
  ConnectionBench bench;
  bench.receive("PING\nPI");
  bench.time += ConnectionBench::kFrame;
  bench.loop_context.deadlines.expire(bench.time);
  bench.loop_context.deadlines.frame.set_length(Duration::zero());
  bench.turn({});
  CHECK(bench.loop_context.deadlines.next() == std::nullopt);
  bench.pass(1h);
  CHECK(bench.ends.empty());
}

TEST_CASE("deadlines: a turn looks at some, and ends some, whose time is over together") {
  CHECK(ConnectionDeadlines::kMaxPerTurn <= 32);
  constexpr std::size_t kShare = ConnectionDeadlines::kMaxPerTurn;
  constexpr std::size_t kMany = 3 * kShare;
  ConnectionBench first;
  StreamScript script;
  std::vector<std::unique_ptr<Connection>> connections;
  for (std::size_t i = 0; i + 1 < kMany; ++i)
    connections.push_back(std::make_unique<Connection>(SlotId{2} << 32, std::uint64_t{2},
                                                       first.policy,
                                                       std::in_place_type<ScriptedStream>, script));
  first.time += ConnectionBench::kFirstRequest;
  std::vector<std::pair<std::size_t, std::size_t>> turns;
  while (first.ends.size() < kMany && turns.size() < 10) {
    const std::size_t receives = script.receives;
    for (const auto& each : connections)
      if (each->is_scheduled()) each->on_event({});
    if (first.connection->is_scheduled()) first.connection->on_event({});
    const std::size_t ends = first.ends.size();
    first.loop_context.deadlines.expire(first.time);
    turns.emplace_back(script.receives - receives, first.ends.size() - ends);
  }
  for (const auto& [looks, ends] : turns) {
    CHECK(looks <= kShare);
    CHECK(ends <= kShare);
  }
  CHECK(turns.size() == 4);
}

TEST_CASE("drain: what was received is answered, then FIN") {
  ConnectionBench bench;
  bench.script.input = {"ECHO a\n", "ECHO b\n", "ECHO c"};
  bench.connection->drain();
  bench.turn({});
  CHECK(bench.script.sent == "a\nb\n(error) ERR the server is stopping\n");
  CHECK(bench.script.finished_sending);
  CHECK(bench.ends == std::vector{CloseReason::closed_drained});
}

TEST_CASE("drain: a client that is owed nothing gets only FIN, at once") {
  ConnectionBench bench;
  bench.receive("ECHO a\n");
  bench.script.sent.clear();
  bench.pass(10s);
  bench.connection->drain();
  bench.turn({});
  CHECK(bench.script.sent.empty());
  CHECK(bench.closed == 1);
}

TEST_CASE("drain: a client that was answered a moment ago is lingered for") {
  ConnectionBench bench;
  bench.receive("ECHO a\n");
  bench.connection->drain();
  bench.turn({});
  CHECK(bench.script.finished_sending);
  CHECK(bench.closed == 0);
  bench.receive("ECHO too late\n");
  CHECK(bench.served.size() == 1);
  bench.finish();
  CHECK(bench.closed == 1);
}

TEST_CASE("drain: a pending reply is waited for") {
  ConnectionBench bench;
  bench.receive("WAIT\n");
  bench.connection->drain();
  bench.turn({});
  CHECK(bench.ends.empty());
  bench.complete("late");
  CHECK(bench.script.sent == "late\n");
  CHECK(bench.ends == std::vector{CloseReason::closed_drained});
}

TEST_CASE("drain: a client that was answered meanwhile is lingered for, whatever it still sends") {
  ConnectionBench bench;
  bench.script.input = {"ECHO a\n"};
  bench.connection->drain();
  bench.turn({});
  CHECK(bench.script.sent == "a\n");
  CHECK(bench.script.finished_sending);
  CHECK(bench.closed == 0);
  bench.receive("ECHO b\n");
  CHECK(bench.script.input.empty());
  CHECK(bench.closed == 0);
  bench.finish();
  CHECK(bench.closed == 1);
  CHECK(bench.served == std::vector<std::string>{"a"});
}
