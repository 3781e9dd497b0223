// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>

#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

using test::HandlerBench;

struct InfoBench : HandlerBench {
  InfoBench() {
    service.sections = {"server", "cpu", "commandstats"};
    service.fields["server"] = {{"redis_version", "7.0.15"}, {"redis_mode", "standalone"}};
    service.fields["cpu"] = {{"used_cpu_sys", "0.5"}};
    service.fields["commandstats"] = {{"cmdstat_ping", "calls=1"}};
    encoding = ReplyEncoding::raw;
  }
};

const std::string kServer = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n";
const std::string kCpu = "# CPU\r\nused_cpu_sys:0.5\r\n";
const std::string kCommandstats = "# Commandstats\r\ncmdstat_ping:calls=1\r\n";
const std::string kDefault = kServer + "\r\n" + kCpu;
const std::string kAll = kDefault + "\r\n" + kCommandstats;

TEST_CASE("INFO tells the sections asked for, in their order") {
  struct Row {
    std::string_view line;
    std::string text;
  };
  const Row rows[] = {
      {"INFO", kDefault},
      {"INFO default", kDefault},
      {"INFO all", kAll},
      {"INFO EVERYTHING", kAll},
      {"INFO default commandstats", kAll},
      {"INFO Server", kServer},
      {"INFO cpu server CPU", kDefault},
      {"INFO nosuch", ""},
      {"INFO nosuch server", kServer},
      {"INFO commandstats", kCommandstats},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    InfoBench bench;
    CHECK(bench.send(row.line) == row.text);
  }
}

TEST_CASE(
    "INFO is written in a slice, so that a transaction of many takes as many turns as it needs") {
  InfoBench bench;
  CHECK(bench.send("INFO") == kDefault);
  CHECK(bench.result == HandlerResult::pending);
  CHECK(bench.slices == 1);
}

TEST_CASE("INFO is a bulk, a verbatim string, or lines") {
  InfoBench bench;
  bench.encoding = ReplyEncoding::resp2;
  CHECK(bench.send("INFO cpu") == "$25\r\n" + kCpu + "\r\n");
  bench.encoding = ReplyEncoding::resp3;
  CHECK(bench.send("INFO cpu") == "=29\r\ntxt:" + kCpu + "\r\n");
  bench.encoding = ReplyEncoding::plain;
  CHECK(bench.send("INFO cpu") == "# CPU\nused_cpu_sys:0.5\n\n");
}

}  // namespace
}  // namespace reactord
