// SPDX-License-Identifier: MIT
// COMMAND and HELP: what is declared, in Redis' shapes and for people.
#include "daemon/handlers/builtin/command_docs.h"

#include <doctest/doctest.h>

#include <string>

#include "config/value_types.h"
#include "daemon/interface/commands/command_set.h"
#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

using test::HandlerBench;

CommandClasses only_public() {
  CommandClasses classes;
  classes.allow(CommandClass::public_);
  return classes;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("COMMAND INFO has Redis' ten elements") {
  HandlerBench bench;
  CHECK(bench.send("COMMAND INFO ping nosuch") ==
        "*2\r\n*10\r\n$4\r\nping\r\n:-1\r\n*3\r\n+loading\r\n+stale\r\n+fast\r\n:0\r\n:0\r\n:0\r\n"
        "*1\r\n+@fast\r\n*0\r\n*0\r\n*0\r\n$-1\r\n");
  bench.encoding = ReplyEncoding::resp3;
  CHECK(bench.send("COMMAND INFO CLIENT|KILL") ==
        "*1\r\n*10\r\n$11\r\nclient|kill\r\n:-3\r\n~4\r\n+admin\r\n+noscript\r\n+loading\r\n+"
        "stale\r\n"
        ":0\r\n:0\r\n:0\r\n~3\r\n+@admin\r\n+@slow\r\n+@dangerous\r\n~0\r\n~0\r\n~0\r\n");
}

TEST_CASE("a command's arity counts its own words") {
  HandlerBench bench;
  const auto arity = [&](std::string_view name) {
    return arity_of(find_by_full_name(bench.service.commands(), name));
  };
  CHECK(arity("ceil") == 2);
  CHECK(arity("ping") == -1);
  CHECK(arity("client") == -2);
  CHECK(arity("client|id") == 2);
  CHECK(arity("client|setname") == 3);
  CHECK(arity("client|kill") == -3);
  CHECK(arity("command") == -1);
}

TEST_CASE("COMMAND alone and COMMAND INFO alone tell all commands, in slices") {
  HandlerBench bench;
  const std::string all = bench.send("COMMAND");
  CHECK(bench.slices > 1);
  CHECK(all.starts_with("*" + std::to_string(bench.service.known_commands.size()) + "\r\n"));
  CHECK(contains(all, "$12\r\ncommand|docs\r\n"));
  CHECK(bench.send("COMMAND INFO") == all);
  CHECK(bench.send("COMMAND COUNT") ==
        ":" + std::to_string(bench.service.known_commands.size()) + "\r\n");
}

TEST_CASE("a command's group is the word by which a listener allows it") {
  HandlerBench bench;
  const auto is_allowed_by = [](const std::string& group, bool AllowedCommands::*flag) {
    AllowedCommands allowed;
    CHECK(ValueTraits<AllowedCommands>::parse(group, {}, allowed) == "");
    return allowed.*flag;
  };
  const auto group_of = [&](const std::string& command) {
    const std::string docs = bench.send("COMMAND DOCS " + command);
    const std::string key = "$5\r\ngroup\r\n";
    const std::size_t word = docs.find("\r\n", docs.find(key) + key.size()) + 2;
    return docs.substr(word, docs.find("\r\n", word) - word);
  };
  CHECK(is_allowed_by(group_of("ceil"), &AllowedCommands::public_commands));
  CHECK(is_allowed_by(group_of("client|list"), &AllowedCommands::introspection));
  CHECK(is_allowed_by(group_of("client|kill"), &AllowedCommands::admin));
}

TEST_CASE("COMMAND DOCS is a map of maps") {
  HandlerBench bench;
  CHECK(
      bench.send("COMMAND DOCS ceil nosuch") ==
      "*2\r\n$4\r\nceil\r\n*8\r\n$7\r\nsummary\r\n$40\r\nReturns the next higher integer, "
      "exactly\r\n"
      "$5\r\nsince\r\n$5\r\n0.1.0\r\n$5\r\ngroup\r\n$6\r\npublic\r\n"
      "$9\r\narguments\r\n*1\r\n*4\r\n$4\r\nname\r\n$4\r\nreal\r\n$4\r\ntype\r\n$6\r\nstring\r\n");
  bench.encoding = ReplyEncoding::resp3;
  CHECK(
      bench.send("COMMAND DOCS info") ==
      "%1\r\n$4\r\ninfo\r\n%4\r\n$7\r\nsummary\r\n$29\r\nShows the server's statistics\r\n"
      "$5\r\nsince\r\n$5\r\n0.1.0\r\n$5\r\ngroup\r\n$6\r\npublic\r\n"
      "$9\r\narguments\r\n*1\r\n%3\r\n$4\r\nname\r\n$7\r\nsection\r\n$4\r\ntype\r\n$6\r\nstring\r\n"
      "$5\r\nflags\r\n~2\r\n+optional\r\n+multiple\r\n");
  CHECK(bench.send("COMMAND DOCS nosuch") == "%0\r\n");
}

TEST_CASE("COMMAND DOCS nests no deeper than a reply may") {
  HandlerBench bench;
  for (const ReplyEncoding encoding :
       {ReplyEncoding::resp2, ReplyEncoding::resp3, ReplyEncoding::plain}) {
    bench.encoding = encoding;
    CHECK_FALSE(bench.send("COMMAND DOCS").empty());  // the bench checks that it is balanced
    CHECK(bench.slices > 1);
    CHECK(bench.longest_slice_bytes < 32u << 10);
  }
}

TEST_CASE("commands that are not allowed do not exist") {
  HandlerBench bench;
  bench.context.allowed = only_public();
  CHECK(bench.send("COMMAND INFO config client|kill") == "*2\r\n$-1\r\n$-1\r\n");
  CHECK(bench.send("COMMAND DOCS config client|kill") == "*0\r\n");
  CHECK_FALSE(contains(bench.send("COMMAND DOCS"), "client|kill"));
  CHECK_FALSE(contains(bench.send("COMMAND LIST FILTERBY PATTERN *"), "slowlog"));
  CHECK(contains(bench.send("COMMAND DOCS client"), "client|setname"));
  const std::string count = bench.send("COMMAND COUNT");
  bench.context.allowed = CommandClasses::all();
  CHECK(bench.send("COMMAND COUNT") != count);
}

TEST_CASE("COMMAND LIST filters by pattern, category and module") {
  HandlerBench bench;
  CHECK(bench.send("COMMAND LIST FILTERBY PATTERN C?IL") == "*1\r\n$4\r\nceil\r\n");
  CHECK(bench.send("command list filterby pattern client|*name") ==
        "*2\r\n$14\r\nclient|getname\r\n$14\r\nclient|setname\r\n");
  CHECK(bench.send("COMMAND LIST FILTERBY MODULE x") == "*0\r\n");
  const std::string admin = bench.send("COMMAND LIST FILTERBY ACLCAT admin");
  CHECK(contains(admin, "client|kill"));
  CHECK_FALSE(contains(admin, "client|list"));
  CHECK(bench.send("COMMAND LIST FILTERBY ACLCAT @admin") == "*0\r\n");
  CHECK(bench.send("COMMAND LIST FILTERBY ACLCAT nosuch") == "*0\r\n");
  CHECK_FALSE(contains(bench.send("COMMAND LIST"), "|"));
  for (const std::string_view line : {"COMMAND LIST x", "COMMAND LIST FILTERBY",
                                      "COMMAND LIST FILTERBY FOO bar", "COMMAND LIST A B C"}) {
    CAPTURE(line);
    CHECK(bench.send(line) == "-ERR syntax error\r\n");
  }
  CHECK(bench.request({"COMMAND", "LIST", "FILTERBY", "PATTERN", std::string(2 << 20, '*')}) ==
        "-ERR pattern is too long\r\n");
}

TEST_CASE("COMMAND HELP") {
  HandlerBench bench;
  CHECK(contains(bench.send("COMMAND HELP"),
                 "+DOCS [command ...]\r\n+    Documents commands for tools.\r\n"));
}

TEST_CASE("HELP is an aligned table for people") {
  HandlerBench bench;
  bench.encoding = ReplyEncoding::raw;
  const std::string help = bench.send("HELP");
  const std::size_t ceil = help.find("CEIL real ");
  const std::size_t text = help.find("TEXT message ");
  REQUIRE(ceil != std::string::npos);
  REQUIRE(text != std::string::npos);
  CHECK(help.find("Returns the next", ceil) - ceil == help.find("Sends a message", text) - text);
  CHECK(contains(help, "CLIENT subcommand "));
  CHECK(contains(help, "COMMAND [subcommand] "));
  CHECK(bench.send("HELP ceil") == "CEIL real  Returns the next higher integer, exactly\n");
  CHECK(bench.send("HELP client setname") == "CLIENT SETNAME name  Names this connection\n");
  CHECK(contains(bench.send("HELP client"), "CLIENT GETNAME "));
}

TEST_CASE("no line of HELP reads as an error to a person") {
  HandlerBench bench;
  bench.encoding = ReplyEncoding::plain;
  CHECK_FALSE(contains(bench.send("HELP"), "\\x"));
  CHECK_FALSE(contains(bench.send("HELP client"), "\\x"));
}

TEST_CASE("HELP tells what is allowed, and says what is unknown") {
  HandlerBench bench;
  bench.encoding = ReplyEncoding::plain;
  CHECK(bench.send("HELP nosuch") == "(error) ERR unknown command 'nosuch'. Try HELP.\n");
  CHECK(bench.send("HELP client nosuch") ==
        "(error) ERR unknown command 'client nosuch'. Try HELP.\n");
  bench.context.allowed = only_public();
  CHECK(bench.send("HELP config") == "(error) ERR unknown command 'config'. Try HELP.\n");
  CHECK(bench.send("HELP client kill") == "(error) ERR unknown command 'client kill'. Try HELP.\n");
  CHECK_FALSE(contains(bench.send("HELP"), "CONFIG"));
  CHECK_FALSE(contains(bench.send("HELP client"), "KILL"));
}

}  // namespace
}  // namespace reactord
