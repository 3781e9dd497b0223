// SPDX-License-Identifier: MIT
// MONITOR: who watches, what they are shown, and what becomes of those who read too slowly.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

using test::FakeContext;
using test::HandlerBench;

constexpr std::string_view kLine = "12.000034 [0 127.0.0.1:5] \"ping\"\n";
const std::string kShown = "+12.000034 [0 127.0.0.1:5] \"ping\"\r\n";

std::string info(HandlerBench& bench) {
  std::vector<InfoField> fields;
  bench.handler("monitor").append_info(fields);
  std::string text;
  for (const InfoField& field : fields) text += field.name + ":" + field.value + " ";
  return text;
}

TEST_CASE("MONITOR: nobody is told before, nor once the last has gone") {
  HandlerBench bench;
  auto& told = bench.service.fake_diagnostics.told;
  const std::size_t& watchers = bench.service.fake_diagnostics.watchers;
  CHECK(bench.send("MONITOR") == "+OK\r\n");
  CHECK(bench.send("MONITOR") == "+OK\r\n");  // twice is once
  FakeContext& other = bench.connect();
  CHECK(bench.send(other, "MONITOR") == "+OK\r\n");
  CHECK(info(bench) == "monitor_clients:2 monitor_lines_left_out:0 ");
  CHECK(watchers == 2);
  told(kLine, 1);
  CHECK(bench.context.take_output() == kShown);
  CHECK(other.take_output() == kShown);
  bench.context.end_states();  // RESET
  CHECK(watchers == 1);
  other.leave();
  CHECK(watchers == 0);
}

TEST_CASE("MONITOR: to a person at netcat, too") {
  HandlerBench bench;
  bench.encoding = ReplyEncoding::plain;
  CHECK(bench.send("MONITOR") == "OK\n");
  bench.service.fake_diagnostics.told(kLine, 1);
  CHECK(bench.context.take_output() == kLine);
}

TEST_CASE("MONITOR: who reads too slowly misses lines, and is told how many") {
  HandlerBench bench;
  CHECK(bench.send("MONITOR") == "+OK\r\n");
  bench.context.port.push_result = PushResult::dropped;
  const std::string two = std::string(kLine) + std::string(kLine);
  bench.service.fake_diagnostics.told(two, 2);
  bench.service.fake_diagnostics.told(kLine, 1);
  bench.context.port.push_result = PushResult::queued;
  (void)bench.context.take_output();
  bench.service.fake_diagnostics.told(kLine, 1);
  CHECK(bench.context.take_output() ==
        "+12.000034 [0 reactord] \"3 lines were left out: you read too slowly\"\r\n" + kShown);
  bench.service.fake_diagnostics.told(kLine, 1);
  CHECK(bench.context.take_output() == kShown);
  CHECK(info(bench) == "monitor_clients:1 monitor_lines_left_out:3 ");
}

TEST_CASE("MONITOR: watchers are bounded") {
  HandlerBench bench;
  for (int i = 0; i < 64; ++i) CHECK(bench.send(bench.connect(), "MONITOR") == "+OK\r\n");
  CHECK(bench.send("MONITOR") == "-ERR 64 connections watch already\r\n");
}

}  // namespace
}  // namespace reactord
