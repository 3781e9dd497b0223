// SPDX-License-Identifier: MIT
// What a connection counts, and what it tells of when its requests came; a pause of all clients.
#include <doctest/doctest.h>

#include "tests/unit/support/connection_bench.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;
using test::ConnectionBench;
using Times = std::vector<std::chrono::milliseconds>;

const std::string kEcho = "*2\r\n$4\r\nECHO\r\n$1\r\nx\r\n";
const std::string kWait = "*1\r\n$4\r\nWAIT\r\n";
const std::string kReply = "$1\r\nx\r\n";

TEST_CASE("figures: the bytes that came and went") {
  ConnectionBench bench;
  bench.receive(kEcho + kEcho);
  bench.receive(kEcho.substr(0, 5));
  CHECK(bench.connection->bytes_received() == 2 * kEcho.size() + 5);
  CHECK(bench.connection->bytes_sent() == 2 * kReply.size());
}

TEST_CASE("figures: requests have come in the turn in which they were received") {
  ConnectionBench bench;
  bench.receive(kEcho);
  bench.time += 5s;
  bench.receive(kEcho.substr(0, 5));
  bench.time += 5s;
  bench.receive(kEcho.substr(5));  // whole now
  CHECK(bench.sent_after == Times{0ms, 0ms, 0ms});
}

TEST_CASE("figures: a request that waits for another's reply has come before") {
  ConnectionBench bench;
  bench.receive(kWait + kEcho);
  bench.sent_after.clear();
  bench.time += 70ms;
  bench.receive(kEcho);  // not received while another waits
  bench.complete("done");
  REQUIRE(bench.sent_after.size() >= 2);
  CHECK(bench.sent_after.front() == 70ms);
  CHECK(bench.sent_after.back() == 0ms);
  CHECK(bench.take_sent() == "$4\r\ndone\r\n" + kReply + kReply);
}

TEST_CASE("pause: input waits in the socket, and no deadline runs; nothing is lost") {
  ConnectionBench bench;
  bench.receive(kEcho);
  (void)bench.take_sent();
  bench.loop_context.paused = Paused::clients;
  bench.receive(kEcho + kEcho.substr(0, 5));
  CHECK(bench.take_sent().empty());
  CHECK(bench.served.size() == 1);
  bench.pass(1h);
  CHECK(bench.ends.empty());
  bench.connection->end_pause();  // before its end: it waits again
  bench.turn({});
  CHECK(bench.served.size() == 1);
  bench.loop_context.paused = Paused::nobody;
  bench.connection->end_pause();
  bench.turn({});
  CHECK(bench.take_sent() == kReply);
  bench.receive(kEcho.substr(5));
  CHECK(bench.take_sent() == kReply);
}

TEST_CASE("pause: a first request that waits is waited for no longer than ever") {
  ConnectionBench bench;
  bench.loop_context.paused = Paused::clients;
  bench.receive("EC");
  bench.pass(1h);
  CHECK(bench.ends.empty());
  bench.loop_context.paused = Paused::nobody;
  bench.connection->end_pause();
  bench.turn({});
  bench.pass(ConnectionBench::kFirstRequest + 1s);
  CHECK(bench.ends.size() == 1);
}

TEST_CASE("pause: replies that are owed come all the same; who goes on waits again") {
  ConnectionBench bench;
  bench.receive(kWait + kEcho);
  bench.loop_context.paused = Paused::clients;
  bench.complete("done");
  CHECK(bench.take_sent() == "$4\r\ndone\r\n");
  CHECK(bench.served.size() == 1);
  bench.loop_context.paused = Paused::nobody;
  bench.connection->end_pause();
  bench.turn({});
  CHECK(bench.take_sent() == kReply);
}

TEST_CASE("pause: not of administrators, and not of who is drained") {
  ConnectionBench bench;
  bench.policy.is_admin = true;
  bench.loop_context.paused = Paused::clients;
  bench.receive(kEcho);
  CHECK(bench.take_sent() == kReply);
  ConnectionBench drained;
  drained.loop_context.paused = Paused::clients;
  drained.receive(kEcho);
  CHECK(drained.served.empty());
  drained.loop_context.paused = Paused::nobody;  // the server ends it first
  drained.connection->drain();
  drained.turn({});
  CHECK(drained.take_sent() == kReply);
}

}  // namespace
}  // namespace reactord
