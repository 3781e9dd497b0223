// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/unit/support/connection_bench.h"

using namespace reactord;
using reactord::test::ConnectionBench;
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
  CHECK(bench.script.sent.starts_with("ERR timeout"));
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

TEST_CASE("drain: what was received is answered, then FIN") {
  ConnectionBench bench;
  bench.script.input = {"ECHO a\n", "ECHO b\n", "ECHO c"};
  bench.connection->drain();
  bench.turn({});
  CHECK(bench.script.sent == "a\nb\nERR the server is stopping\n");
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
