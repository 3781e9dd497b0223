// SPDX-License-Identifier: MIT
// TIME, ROLE, DBSIZE, MODULE, ACL, CLUSTER and READONLY: replies and texts as Redis 7.0.15 gives
// them.
#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

using test::HandlerBench;

TEST_CASE("what clients ask about a server without keys, replicas and modules") {
  for (const ReplyEncoding encoding : {ReplyEncoding::resp2, ReplyEncoding::resp3}) {
    HandlerBench bench;
    bench.encoding = encoding;
    CHECK(bench.send("DBSIZE") == ":0\r\n");
    CHECK(bench.send("ROLE") == "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n");
    CHECK(bench.send("module list") == "*0\r\n");
    CHECK(bench.send("ACL WHOAMI") == "$7\r\ndefault\r\n");
  }
}

TEST_CASE("what clients of a cluster ask is refused in Redis' words") {
  HandlerBench bench;
  for (const std::string_view line : {"CLUSTER INFO", "CLUSTER SLOTS", "cluster shards",
                                      "CLUSTER NODES", "CLUSTER HELP", "READONLY", "READWRITE"}) {
    CAPTURE(line);
    CHECK(bench.send(line) == "-ERR This instance has cluster support disabled\r\n");
  }
}

TEST_CASE("TIME is the clock's: seconds and microseconds") {
  using namespace std::chrono;
  const auto seconds_now = [] {
    return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
  };
  HandlerBench bench;
  bench.encoding = ReplyEncoding::plain;
  const auto before = seconds_now();
  const std::string reply = bench.send("TIME");
  const auto after = seconds_now();
  const std::size_t line_end = reply.find('\n');
  const auto told = std::stoll(reply.substr(0, line_end));
  CHECK(before <= told);
  CHECK(told <= after);
  const auto microseconds = std::stoll(reply.substr(line_end + 1));
  CHECK(0 <= microseconds);
  CHECK(microseconds < 1'000'000);
}

TEST_CASE("MODULE and ACL list their subcommands") {
  HandlerBench bench;
  bench.encoding = ReplyEncoding::plain;
  CHECK(bench.send("MODULE HELP").find("LIST\n") != std::string::npos);
  CHECK(bench.send("ACL HELP").find("WHOAMI\n") != std::string::npos);
}

}  // namespace
}  // namespace reactord
