// SPDX-License-Identifier: MIT
// Requests that are served while replies to earlier ones of the same connection are owed.
#include <doctest/doctest.h>

#include "tests/unit/support/connection_bench.h"

namespace reactord {
namespace {

using test::ConnectionBench;
using Words = std::vector<std::string>;

constexpr std::string_view kAheadA = "*2\r\n$5\r\nAHEAD\r\n$1\r\na\r\n";
constexpr std::string_view kAheadB = "*2\r\n$5\r\nAHEAD\r\n$1\r\nb\r\n";
constexpr std::string_view kEchoE = "*2\r\n$4\r\nECHO\r\n$1\r\ne\r\n";
constexpr std::string_view kMalformed = "*1\r\n:5\r\n";

std::string joined(std::initializer_list<std::string_view> frames) {
  std::string all;
  for (const std::string_view frame : frames) all += frame;
  return all;
}

TEST_CASE("connection: a pipeline of what may overlap is served at once, and answered in order") {
  ConnectionBench bench;
  bench.receive(joined({kAheadA, kAheadB, kAheadA}));
  CHECK(bench.served == Words{"a", "b", "a"});
  CHECK(bench.connection->owed_replies() == 3);
  CHECK(bench.script.sent.empty());
  bench.complete("1");
  CHECK(bench.take_sent() == "$1\r\n1\r\n");
  CHECK(bench.connection->is_pending());
  bench.complete("2");
  bench.complete("3");
  CHECK(bench.take_sent() == "$1\r\n2\r\n$1\r\n3\r\n");
  CHECK_FALSE(bench.connection->is_pending());
}

TEST_CASE(
    "connection: what may not overlap waits until nothing is owed, and so does what follows") {
  ConnectionBench bench;
  bench.receive(joined({kAheadA, kAheadB, kEchoE, kAheadA}));
  CHECK(bench.served == Words{"a", "b"});
  bench.complete("1");
  CHECK(bench.served.size() == 2);
  bench.complete("2");
  CHECK(bench.served == Words{"a", "b", "e", "a"});
  CHECK(bench.take_sent() == "$1\r\n1\r\n$1\r\n2\r\n$1\r\ne\r\n");
  bench.complete("3");
  CHECK(bench.take_sent() == "$1\r\n3\r\n");
}

TEST_CASE("connection: neither a line nor an error overtakes what is owed") {
  SUBCASE("a line") {
    ConnectionBench bench;
    bench.receive(joined({kAheadA, "AHEAD line\n"}));
    CHECK(bench.served == Words{"a"});
    bench.complete("1");
    CHECK(bench.served == Words{"a", "line"});
  }
  SUBCASE("a malformed frame") {
    ConnectionBench bench;
    bench.receive(joined({kAheadA, kAheadB, kMalformed}));
    CHECK(bench.ends.empty());
    bench.complete("1");
    CHECK(bench.ends.empty());
    bench.complete("2");
    CHECK(bench.take_sent() ==
          "$1\r\n1\r\n$1\r\n2\r\n-ERR Protocol error: expected '$', got ':'\r\n");
    CHECK(bench.ends == std::vector{CloseReason::closed_protocol_error});
  }
}

TEST_CASE("connection: all that is owed is sent before a client that has finished is let go") {
  ConnectionBench bench;
  bench.receive(joined({kAheadA, kAheadB}));
  bench.finish();
  bench.complete("1");
  CHECK(bench.ends.empty());
  bench.complete("2");
  CHECK(bench.take_sent() == "$1\r\n1\r\n$1\r\n2\r\n");
  CHECK(bench.ends == std::vector{CloseReason::closed_by_client});
}

TEST_CASE("connection: what comes while replies are owed is served as it comes") {
  ConnectionBench bench;
  bench.receive(std::string(kAheadA));
  bench.receive(std::string(kAheadB.substr(0, 9)));
  CHECK(bench.served == Words{"a"});
  bench.receive(std::string(kAheadB.substr(9)));
  CHECK(bench.served == Words{"a", "b"});
  CHECK(bench.connection->owed_replies() == 2);
}

TEST_CASE("connection: whoever is owed a reply is not idle, but half a frame has its time") {
  ConnectionBench bench;
  bench.loop_context.deadlines.idle.set_length(std::chrono::seconds(1));
  bench.receive(std::string(kAheadA));
  bench.pass(std::chrono::seconds(10));
  CHECK(bench.ends.empty());
  bench.receive(std::string(kAheadB.substr(0, 9)));
  bench.pass(ConnectionBench::kFrame);
  CHECK(bench.ends == std::vector{CloseReason::closed_frame});
}

TEST_CASE("connection: who leaves while replies are owed is closed at once") {
  ConnectionBench bench;
  bench.receive(joined({kAheadA, kAheadB}));
  bench.turn({.hung_up = true});
  CHECK(bench.ends == std::vector{CloseReason::closed_reset});
  CHECK(bench.closed == 1);
  bench.complete("late");
  CHECK(bench.script.sent.empty());
}

}  // namespace
}  // namespace reactord
