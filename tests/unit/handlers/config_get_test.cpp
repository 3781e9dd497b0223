// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>

#include "daemon/interface/commands/command_set.h"
#include "daemon/testing/handler_bench.h"

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

TEST_CASE("CONFIG GET takes 16 KiB of patterns, and no more") {
  ConfigBench bench;
  std::string pattern;
  for (int i = 0; i < 1 << 12; ++i) pattern += "*?*?";
  CHECK(bench.request({"CONFIG", "GET", pattern}) == "*0\r\n");
  CHECK(bench.request({"CONFIG", "GET", pattern, "*"}) == "-ERR pattern is too long\r\n");
}

TEST_CASE("CONFIG GET does a bounded number of matches in a slice, whatever is multiplied") {
  ConfigBench bench;
  bench.service.known_settings.clear();
  for (int i = 0; i < 800; ++i)
    bench.service.known_settings.push_back({"listener[" + std::to_string(i) + "].aaaaaaaaaa", "x"});
  std::vector<std::string_view> words{"CONFIG", "GET"};
  words.resize(2 + 32, "*a*a*a*a*b");
  CHECK(bench.request(words) == "*0\r\n");
  // One for the copy, eight for the patterns, 31 settings against 32 patterns in each of the
  // others, and one to write.
  CHECK(bench.slices == 1 + 8 + (802 + 30) / 31 + 1);
}

TEST_CASE("CONFIG GET tells the settings as they were when it began, through a reload") {
  ConfigBench bench;
  const std::vector<std::string_view> words{"CONFIG", "GET", "log.*"};
  Buffer buffer;
  ReplyWriter reply(buffer, ReplyEncoding::resp2);
  const CommandRef get = find_command(bench.service.commands(), "config", "get");
  const auto arguments = std::span(words).subspan(2);
  CHECK(bench.handler("config").handle({get.spec(), words, arguments}, reply, bench.context) ==
        HandlerResult::pending);
  ReplyProducer& producer = *bench.context.producer;
  CHECK(producer.produce(reply) == ReplyProducer::Progress::more);
  bench.service.known_settings.clear();
  while (producer.produce(reply) == ReplyProducer::Progress::more) continue;
  CHECK(buffer.view() == "*2\r\n$9\r\nlog.level\r\n$4\r\ninfo\r\n");
  bench.context.producer.reset();
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
