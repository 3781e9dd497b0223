// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/support/fake_service.h"

namespace reactord {
namespace {

using test::HandlerBench;

struct ConfigBench : HandlerBench {
  ConfigBench() {
    service.known_settings = {
        {"limits.max_frame", "16MiB"}, {"limits.max_inline", "64KiB"}, {"log.level", "info"}};
  }
};

TEST_CASE("CONFIG GET tells settings by pattern") {
  ConfigBench bench;
  CHECK(bench.send("CONFIG GET log.level") == "*2\r\n$9\r\nlog.level\r\n$4\r\ninfo\r\n");
  CHECK(bench.send("CONFIG GET LIMITS.*inline") ==
        "*2\r\n$17\r\nlimits.max_inline\r\n$5\r\n64KiB\r\n");
  CHECK(bench.send("CONFIG GET nosuch") == "*0\r\n");
  CHECK(bench.send("CONFIG GET *").starts_with("*10\r\n"));
  bench.encoding = ReplyEncoding::resp3;
  CHECK(bench.send("CONFIG GET log.level") == "%1\r\n$9\r\nlog.level\r\n$4\r\ninfo\r\n");
}

TEST_CASE("CONFIG GET with several patterns tells each setting once") {
  ConfigBench bench;
  CHECK(bench.send("CONFIG GET log.* *.level nosuch") == "*2\r\n$9\r\nlog.level\r\n$4\r\ninfo\r\n");
}

TEST_CASE("CONFIG GET answers what redis-benchmark asks") {
  ConfigBench bench;
  CHECK(bench.send("CONFIG GET save") == "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
  CHECK(bench.send("CONFIG GET appendonly") == "*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n");
}

TEST_CASE("CONFIG GET takes a megabyte of pattern, and no more") {
  ConfigBench bench;
  std::string pattern;
  for (int i = 0; i < 1 << 18; ++i) pattern += "*?*?";
  CHECK(bench.request({"CONFIG", "GET", pattern}) == "*0\r\n");
  CHECK(bench.request({"CONFIG", "GET", pattern, "*"}) == "-ERR pattern is too long\r\n");
}

TEST_CASE("CONFIG HELP names no subcommand that would change anything") {
  ConfigBench bench;
  CHECK(bench.send("CONFIG HELP") ==
        "*5\r\n+CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n"
        "+GET pattern ...\r\n+    Tells the settings whose path matches a pattern such as "
        "limits.*.\r\n+HELP\r\n+    Lists the subcommands of CONFIG.\r\n");
}

}  // namespace
}  // namespace reactord
