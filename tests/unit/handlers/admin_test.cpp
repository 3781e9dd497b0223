// SPDX-License-Identifier: MIT
// LOG LEVEL, RELOAD, DRAIN, HANDOVER and SHUTDOWN: what they ask of the daemon, for whom, and what
// they answer.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

using test::HandlerBench;

const std::string kOk = "+OK\r\n";
const std::string kWho = "127.0.0.1:50000 (client 7)";

TEST_CASE("LOG LEVEL tells the level in force") {
  HandlerBench bench;
  bench.service.level = "warning";
  CHECK(bench.send("LOG LEVEL") == "$7\r\nwarning\r\n");
  CHECK(bench.service.asked.empty());
}

TEST_CASE("LOG LEVEL changes it, in any case of letters, and tells who asked") {
  HandlerBench bench;
  CHECK(bench.send("LOG LEVEL Debug") == kOk);
  CHECK(bench.service.asked == std::vector<std::string>{"log level debug by " + kWho});
  CHECK(bench.send("LOG LEVEL") == "$5\r\ndebug\r\n");
}

TEST_CASE("LOG LEVEL answers with what is wrong") {
  HandlerBench bench;
  bench.service.level_problem = "expected one of these, found 'loud'";
  CHECK(bench.send("LOG LEVEL loud") == "-ERR log level: expected one of these, found 'loud'\r\n");
  CHECK(bench.service.level == "info");
}

TEST_CASE("LOG ACCESS tells and changes how many requests are logged") {
  HandlerBench bench;
  CHECK(bench.send("LOG ACCESS") == ":0\r\n");
  CHECK(bench.send("LOG ACCESS on") == kOk);
  CHECK(bench.send("LOG ACCESS 100") == kOk);
  CHECK(bench.send("LOG ACCESS") == ":100\r\n");
  CHECK(bench.send("LOG ACCESS OFF") == kOk);
  CHECK(bench.service.asked == std::vector<std::string>{"access sample 1 by " + kWho,
                                                        "access sample 100 by " + kWho,
                                                        "access sample 0 by " + kWho});
  for (const char* const wrong : {"-1", "1000000001", "x", "1.5"})
    CHECK(bench.send("LOG ACCESS " + std::string(wrong)).starts_with("-ERR log access: expected"));
  bench.service.level_problem = "no such folder";
  CHECK(bench.send("LOG ACCESS on") == "-ERR log access: no such folder\r\n");
}

TEST_CASE("LOG LEVELS lists and replaces the levels of kinds of events") {
  HandlerBench bench;
  CHECK(bench.send("LOG LEVELS") == "*0\r\n");
  CHECK(bench.send("LOG LEVELS connected=info closed_*=off") == kOk);
  CHECK(bench.send("LOG LEVELS") == "*2\r\n$14\r\nconnected=info\r\n$12\r\nclosed_*=off\r\n");
  CHECK(bench.send("LOG LEVELS none") == kOk);
  CHECK(bench.service.levels.empty());
  bench.service.level_problem = "log.levels: there is no event 'x'";
  CHECK(bench.send("LOG LEVELS x=off") == "-ERR log.levels: there is no event 'x'\r\n");
  CHECK(bench.service.asked == std::vector<std::string>{"2 log levels by " + kWho,
                                                        "0 log levels by " + kWho,
                                                        "1 log levels by " + kWho});
}

TEST_CASE("LOG HELP names its subcommands") {
  HandlerBench bench;
  CHECK(bench.send("LOG HELP") ==
        "*9\r\n+LOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n+ACCESS "
        "[<ON|OFF|one-in>]\r\n+    Tells one in how many requests is logged, or changes it; 0 for "
        "none.\r\n+HELP\r\n+    Lists "
        "the subcommands of LOG.\r\n+LEVEL [TRACE|DEBUG|INFO|WARNING|ERROR|OFF]\r\n+    Tells the "
        "level of the log, or changes it until it is changed again.\r\n+LEVELS [event=level "
        "...]\r\n+    Lists events with another level than their own, or says which; NONE: "
        "none.\r\n");
}

TEST_CASE("DRAIN tells and changes whether new clients are refused") {
  HandlerBench bench;
  CHECK(bench.send("DRAIN") == "$3\r\noff\r\n");
  CHECK(bench.send("DRAIN On") == kOk);
  CHECK(bench.send("DRAIN") == "$2\r\non\r\n");
  CHECK(bench.send("drain off") == kOk);
  CHECK(bench.service.asked ==
        std::vector<std::string>{"drain on by " + kWho, "drain off by " + kWho});
  CHECK(bench.send("DRAIN maybe") == "-ERR drain: expected ON or OFF\r\n");
}

TEST_CASE("HEALTH tells balancers whether to send clients here, and why not") {
  HandlerBench bench;
  CHECK(bench.send("HEALTH") == kOk);
  bench.service.draining = true;
  CHECK(bench.send("HEALTH") == "+DRAINING: DRAIN ON\r\n");
}

namespace {

/// The answer to RELOAD, which comes later as a rule.
std::string reloaded(HandlerBench& bench) {
  bench.context.port.written.clear();
  CHECK(bench.send("RELOAD").empty());
  CHECK(bench.result == HandlerResult::pending);
  return bench.context.port.written;
}

}  // namespace

TEST_CASE("RELOAD says OK, or how much is wrong and what comes first") {
  HandlerBench bench;
  CHECK(reloaded(bench) == kOk);
  CHECK(bench.service.asked == std::vector<std::string>{"reload by " + kWho});
  bench.service.reload_outcome.problems = {"a.toml:1:2: is odd"};
  CHECK(reloaded(bench) ==
        "-ERR configuration not reloaded, 1 problem; first: a.toml:1:2: is odd\r\n");
  bench.service.reload_outcome.problems.emplace_back("a.toml:3:4: is even");
  CHECK(reloaded(bench) ==
        "-ERR configuration not reloaded, 2 problems; first: a.toml:1:2: is odd\r\n");
}

TEST_CASE("RELOAD lists what was applied, and what waits for a restart") {
  HandlerBench bench;
  bench.service.reload_outcome.applied = {"a changed from '1' to '2'"};
  bench.service.reload_outcome.needs_restart = {"b changed from '3' to '4'"};
  CHECK(reloaded(bench) ==
        "*2\r\n$34\r\napplied: a changed from '1' to '2'\r\n"
        "$42\r\nneeds a restart: b changed from '3' to '4'\r\n");
}

TEST_CASE("HANDOVER asks for a successor, who is the client, or says why not") {
  HandlerBench bench;
  CHECK(bench.send("HANDOVER 1") == kOk);
  CHECK(bench.service.asked ==
        std::vector<std::string>{"hand over to 7, who reads format 1, by " + kWho});
  bench.service.hand_over_problem = "not now";
  CHECK(bench.send("HANDOVER 2") == "-ERR handover: not now\r\n");
  for (const char* odd : {"HANDOVER x", "HANDOVER 0", "HANDOVER -1"})
    CHECK(bench.send(odd) == "-ERR handover: expected the number of a state's format\r\n");
}

TEST_CASE("SHUTDOWN says OK and asks for the end once") {
  HandlerBench bench;
  CHECK(bench.send("SHUTDOWN") == kOk);
  CHECK(bench.result == HandlerResult::replied);
  CHECK(bench.service.asked == std::vector<std::string>{"shut down by " + kWho});
}

}  // namespace
}  // namespace reactord
