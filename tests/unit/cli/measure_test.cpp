// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tools/reactor-cli/figures/figures.h"
#include "tools/reactor-cli/measure/latency_text.h"
#include "tools/reactor-cli/measure/stat_table.h"

using namespace reactord::cli;

TEST_CASE("INFO is lines of names and values, whatever else is between them") {
  const Figures info =
      Figures::from_info("# Server\r\nredis_version:7.0\r\n\r\nodd\na:b:c\n:\nx:1e3");
  CHECK(info.text("redis_version") == "7.0");
  CHECK(info.text("a") == "b:c");
  CHECK(info.number("x") == 1000);
  CHECK_FALSE(info.number("redis_version_").has_value());
  CHECK_FALSE(info.number("a").has_value());
  CHECK_FALSE(info.has("odd"));
}

TEST_CASE("clients and commands, by id and by name") {
  const auto clients = client_list("id=7 addr=1.2.3.4:5 name= tot-mem=9\nbroken\nid=-1\nid=8\n");
  REQUIRE(clients.size() == 2);
  CHECK(clients.at(7).number("tot-mem") == 9);
  CHECK(clients.at(7).has("name"));
  const auto commands = command_stats(
      Figures::from_info("cmdstat_client|list:calls=2,usec=10\ncmdstat_x:\nother:calls=1"));
  REQUIRE(commands.size() == 2);
  CHECK(commands.at("client|list").number("usec") == 10);
}

TEST_CASE("sizes and counts are short") {
  CHECK(short_bytes(0) == "0");
  CHECK(short_bytes(1023) == "1023");
  CHECK(short_bytes(1024) == "1.0K");
  CHECK(short_bytes(1023.9 * 1024) == "1.0M");
  CHECK(short_bytes(150.0 * 1024 * 1024) == "150M");
  CHECK(short_count(999) == "999");
  CHECK(short_count(12345) == "12.3k");
  CHECK(short_count(999'960) == "1.0M");
  CHECK(short_count(-5) == "0");
}

TEST_CASE("latencies: shortest, longest, mean") {
  LatencySummary summary;
  CHECK(latency_for_pipe(summary) == "0.00 0.00 0.00 0");
  for (const double ms : {0.5, 0.25, 1.0}) summary.add(ms);
  CHECK(latency_for_people(summary) == "min: 0.25, max: 1.00, avg: 0.58 (3 samples)");
  CHECK(latency_for_pipe(summary) == "0.25 1.00 0.58 3");
  CHECK(latency_json(summary) == R"({"min_ms":0.250,"max_ms":1.000,"avg_ms":0.583,"samples":3})");
}

TEST_CASE("latencies fall into their buckets, the borders into the lower ones") {
  LatencyBuckets buckets;
  for (const double ms : {0.01, 0.011, 0.125, 9.5, 1e6}) buckets.add(ms);
  CHECK(buckets.line() ==
        "5 samples, max 1000000.00 ms: 1 up to 0.01, 2 up to 0.125, 1 up to 10, 1 longer");
  CHECK(buckets.json() ==
        R"({"samples":5,"max_ms":1000000.000,"buckets":[{"up_to_ms":0.01,"count":1},)"
        R"({"up_to_ms":0.125,"count":2},{"up_to_ms":10,"count":1},{"up_to_ms":null,"count":1}]})");
  CHECK(buckets.spectrum(false) == ".-           A             ?");
  CHECK(buckets.spectrum(true).find("48;5;0m*\x1b[0m") != std::string::npos);
  buckets.clear();
  CHECK(buckets.count() == 0);
}

TEST_CASE("a table has columns for what is told alone, and rates from the second line on") {
  const Figures first = Figures::from_info(
      "used_memory:2048\nconnected_clients:1\ntotal_commands_processed:10\nused_cpu_user:1\n");
  const Figures second = Figures::from_info(
      "used_memory:4096\nconnected_clients:2\ntotal_commands_processed:30\nused_cpu_user:1.5\n"
      "used_cpu_sys:0.5\n");
  const StatTable table(first);
  CHECK(table.head() == "   mem clients     requests    req/s  cpu%\n");
  CHECK(table.line(first, {}, 0) == "  2.0K       1           10        -     -\n");
  CHECK(table.line(second, first, 2) == "  4.0K       2           30       10  50.0\n");
  CHECK(table.line({}, first, 2) == "     -       -            -        -     -\n");
  CHECK(table.json(second, first, 2) ==
        "{\"mem\":4096,\"clients\":2,\"requests\":30,\"req/s\":10,\"cpu%\":50}\n");
  CHECK(StatTable(Figures()).json(first, first, 1) == "{}\n");
  // a server that was restarted counts from 0 again
  CHECK(table.line(first, second, 1) == "  2.0K       1           10        0   0.0\n");
}
