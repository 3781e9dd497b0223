// SPDX-License-Identifier: MIT
// SLOWLOG and LATENCY: empty, in the shapes that Redis 7.0.15 gives when it has nothing to tell.
#include <doctest/doctest.h>

#include <string>

#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

using test::HandlerBench;

TEST_CASE("SLOWLOG and LATENCY are empty") {
  struct Row {
    std::string_view line;
    std::string_view reply;
  };
  const Row rows[] = {
      {"SLOWLOG GET", "*0\r\n"},
      {"SLOWLOG GET 10", "*0\r\n"},
      {"SLOWLOG GET -1", "*0\r\n"},
      {"SLOWLOG GET -2", "-ERR count should be greater than or equal to -1\r\n"},
      {"SLOWLOG GET x", "-ERR count should be greater than or equal to -1\r\n"},
      {"SLOWLOG LEN", ":0\r\n"},
      {"SLOWLOG RESET", "+OK\r\n"},
      {"LATENCY LATEST", "*0\r\n"},
      {"LATENCY HISTORY fork", "*0\r\n"},
      {"LATENCY RESET", ":0\r\n"},
      {"LATENCY RESET a b", ":0\r\n"},
      {"LATENCY HISTOGRAM", "*0\r\n"},
      {"LATENCY HISTOGRAM ping", "*0\r\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    HandlerBench bench;
    CHECK(bench.send(row.line) == row.reply);
  }
}

TEST_CASE("LATENCY HISTOGRAM is a map") {
  HandlerBench bench;
  bench.encoding = ReplyEncoding::resp3;
  CHECK(bench.send("LATENCY HISTOGRAM") == "%0\r\n");
}

TEST_CASE("SLOWLOG HELP and LATENCY HELP each list their own") {
  HandlerBench bench;
  CHECK(bench.send("SLOWLOG HELP").starts_with("*9\r\n+SLOWLOG <subcommand>"));
  CHECK(bench.send("LATENCY HELP").starts_with("*11\r\n+LATENCY <subcommand>"));
}

}  // namespace
}  // namespace reactord
