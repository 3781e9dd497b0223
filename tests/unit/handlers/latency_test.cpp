// SPDX-License-Identifier: MIT
// LATENCY: in the shapes of Redis 7.0.15, with something to tell and without.
#include <doctest/doctest.h>

#include <string>

#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

using test::HandlerBench;

TEST_CASE("LATENCY without anything on record") {
  HandlerBench bench;
  CHECK(bench.send("LATENCY LATEST") == "*0\r\n");
  CHECK(bench.send("LATENCY HISTORY turn") == "*0\r\n");
  CHECK(bench.send("LATENCY RESET") == ":0\r\n");
  CHECK(bench.send("LATENCY HISTOGRAM") == "*0\r\n");
  CHECK(bench.send("LATENCY DOCTOR").find("No slow turn is on record") != std::string::npos);
  bench.encoding = ReplyEncoding::resp3;
  CHECK(bench.send("LATENCY HISTOGRAM") == "%0\r\n");
}

TEST_CASE("LATENCY tells the slow turns of the loop") {
  HandlerBench bench;
  bench.service.fake_diagnostics.turns = {{{100, 12}, {105, 30}, {106, 20}}, 40};
  CHECK(bench.send("LATENCY LATEST") == "*1\r\n*4\r\n$4\r\nturn\r\n:106\r\n:20\r\n:40\r\n");
  CHECK(bench.send("LATENCY HISTORY Turn") ==
        "*3\r\n*2\r\n:100\r\n:12\r\n*2\r\n:105\r\n:30\r\n*2\r\n:106\r\n:20\r\n");
  CHECK(bench.send("LATENCY HISTORY fork") == "*0\r\n");
  const std::string doctor = bench.send("LATENCY DOCTOR");
  CHECK(doctor.find("in 3 seconds") != std::string::npos);
  CHECK(doctor.find("latest took 20 ms, the longest 40 ms") != std::string::npos);
  CHECK(bench.send("LATENCY RESET fork") == ":0\r\n");
  CHECK(bench.send("LATENCY RESET fork TURN") == ":1\r\n");
  CHECK(bench.send("LATENCY LATEST") == "*0\r\n");
}

TEST_CASE("LATENCY HISTOGRAM: all commands, those that are named, or those of one") {
  HandlerBench bench;
  bench.service.fake_diagnostics.latencies = {
      {"client|id", 2, {{4, 2}}}, {"client|list", 1, {{16, 1}}}, {"ping", 5, {{1, 3}, {32, 5}}}};
  const std::string id =
      "$9\r\nclient|id\r\n*4\r\n$5\r\ncalls\r\n:2\r\n"
      "$14\r\nhistogram_usec\r\n*2\r\n:4\r\n:2\r\n";
  const std::string list =
      "$11\r\nclient|list\r\n*4\r\n$5\r\ncalls\r\n:1\r\n"
      "$14\r\nhistogram_usec\r\n*2\r\n:16\r\n:1\r\n";
  const std::string ping =
      "$4\r\nping\r\n*4\r\n$5\r\ncalls\r\n:5\r\n"
      "$14\r\nhistogram_usec\r\n*4\r\n:1\r\n:3\r\n:32\r\n:5\r\n";
  CHECK(bench.send("LATENCY HISTOGRAM") == "*6\r\n" + id + list + ping);
  CHECK(bench.send("LATENCY HISTOGRAM Client") == "*4\r\n" + id + list);
  CHECK(bench.send("LATENCY HISTOGRAM client|LIST nosuch") == "*2\r\n" + list);
  CHECK(bench.send("LATENCY HISTOGRAM clien") == "*0\r\n");
}

TEST_CASE("LATENCY HISTOGRAM is written in slices, and takes a bounded number of names") {
  HandlerBench bench;
  for (int i = 0; i < 100; ++i)
    bench.service.fake_diagnostics.latencies.push_back({"c" + std::to_string(i), 1, {{1, 1}}});
  CHECK(bench.send("LATENCY HISTOGRAM").starts_with("*200\r\n"));
  CHECK(bench.slices > 5);
  std::string line = "LATENCY HISTOGRAM";
  for (int i = 0; i < 257; ++i) line += " x";
  CHECK_THROWS(bench.send(line));
}

TEST_CASE("LATENCY HELP lists its subcommands") {
  HandlerBench bench;
  CHECK(bench.send("LATENCY HELP").starts_with("*13\r\n+LATENCY <subcommand>"));
}

}  // namespace
}  // namespace reactord
