// SPDX-License-Identifier: MIT
// Thresholds: how they are read, what is wrong with others, and how they are held against results.
#include "tools/reactor-load/results/verdict.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>

#include "tools/reactor-load/results/tally.h"
#include "tools/reactor-load/results/units.h"
#include "tools/reactor-load/run/connect_cause.h"
#include "tools/reactor-load/run/load_run.h"

namespace reactord::load {
namespace {

Threshold threshold(std::string_view text) {
  Threshold out;
  REQUIRE_EQ(parse_threshold(text, out), "");
  return out;
}

std::string verdict_problem(std::string_view text) {
  Threshold out;
  return parse_threshold(text, out);
}

TEST_CASE("thresholds are read with their units") {
  CHECK_EQ(threshold("p99 < 1ms").bound, 1e6);
  CHECK_EQ(threshold("p99.9<=250us").bound, 250e3);
  CHECK_EQ(threshold("max < 1.5 s").bound, 1.5e9);
  CHECK_EQ(threshold("rate > 50000").bound, 50000);
  CHECK_EQ(threshold("  errors   ==  0  ").source, "errors   ==  0");
  const Threshold command = threshold("p99 of CEIL 2 places < 1ms");
  CHECK_EQ(command.command, "CEIL 2 places");
  const Threshold quoted = threshold(R"(closed "a == b" >= 3)");
  CHECK_EQ(quoted.quoted, "a == b");
  CHECK(quoted.op == Threshold::Operator::at_least);
}

TEST_CASE("operators hold or do not") {
  const auto held = [](std::string_view text, double value) {
    return holds(threshold(text), value);
  };
  CHECK(held("errors == 0", 0));
  CHECK_FALSE(held("errors == 0", 1));
  CHECK(held("errors != 0", 1));
  CHECK_FALSE(held("p99 < 1ms", 1e6));
  CHECK(held("p99 <= 1ms", 1e6));
  CHECK_FALSE(held("rate > 5", 5));
  CHECK(held("rate >= 5", 5));
}

TEST_CASE("what is written wrongly is explained") {
  CHECK_EQ(verdict_problem("p99"),
           "expected a threshold such as \"p99 < 1ms\" or \"errors == 0\", found 'p99'");
  CHECK_EQ(verdict_problem("p99 < 5"), "expected a time such as 1ms, 250us or 1.5s, found '5'");
  CHECK_EQ(verdict_problem("rate > 5ms"), "expected a number, found '5ms'");
  CHECK_EQ(verdict_problem("erors == 0"),
           "nothing called 'erors' is measured; did you mean 'errors'?");
  CHECK_EQ(verdict_problem("errors of CEIL == 0"),
           "errors is counted for groups, not for commands");
  CHECK_EQ(verdict_problem("errors \"x\" == 0"), "only closed takes a text in quotes");
  CHECK_EQ(verdict_problem("closed \"x > 5"),
           "expected a threshold such as \"p99 < 1ms\" or \"errors == 0\", found 'closed \"x > 5'");
}

GroupTally stats() {
  GroupTally group;
  group.commands.resize(2);
  group.commands[0].label = "CEIL";
  group.commands[1].label = "ECHO";
  for (int i = 0; i < 100; ++i) {
    group.commands[0].latency.record(1000);
    group.commands[1].latency.record(3'000'000);
  }
  group.commands[0].replies = group.commands[1].replies = 100;
  group.commands[1].wrong = 2;
  group.missing = 3;
  group.closed_by_server = 7;
  group.last_words = {{"ERR idle too long", 4}, {"ERR Protocol error: x", 2}};
  return group;
}

TEST_CASE("each metric is found in the results") {
  const GroupTally group = stats();
  const auto value = [&](std::string_view text) { return measure(threshold(text), group, 2); };
  CHECK_EQ(value("rate > 0"), 100);
  CHECK_EQ(value("rate of CEIL > 0"), 50);
  CHECK_EQ(value("p50 of CEIL < 1ms"), doctest::Approx(1000).epsilon(0.01));
  CHECK_EQ(value("p99 < 1ms"), doctest::Approx(3e6).epsilon(0.01));
  CHECK_EQ(value("errors == 0"), 5);
  CHECK_EQ(value("wrong == 0"), 2);
  CHECK_EQ(value("missing == 0"), 3);
  CHECK_EQ(value("closed_by_server == 0"), 7);
  CHECK_EQ(value("closed \"Protocol error\" == 0"), 2);
  CHECK_EQ(value("closed \"ERR\" == 0"), 6);
}

Result judged(const Scenario& scenario, const GroupTally& group) {
  Result result;
  result.tally.groups = {group};
  result.seconds = 1;
  judge(scenario, result);
  return result;
}

TEST_CASE("without a threshold of its own about errors, there must be none") {
  Scenario scenario;
  scenario.groups.resize(1);
  CHECK(judged(scenario, GroupTally{}).passed());
  CHECK_FALSE(judged(scenario, stats()).passed());
}

TEST_CASE("a wrong or missing reply is never tolerated; what else happens may be") {
  Scenario scenario;
  scenario.groups.resize(1);
  scenario.thresholds = {threshold("errors < 100")};
  GroupTally group;
  group.connect_failures = 5;
  CHECK(judged(scenario, group).passed());
  group.missing = 1;
  CHECK_FALSE(judged(scenario, group).passed());
}

TEST_CASE("hostile groups are not judged but by thresholds of their own") {
  Scenario scenario;
  scenario.groups.resize(1);
  GroupTally group = stats();
  group.hostile = true;
  CHECK(judged(scenario, group).passed());
  scenario.groups[0].thresholds = {threshold("closed_by_server > 100")};
  CHECK_FALSE(judged(scenario, group).passed());
}

TEST_CASE("a run that clients had no part in fails, unless told otherwise") {
  Scenario scenario;
  scenario.groups.resize(1);
  for (std::uint64_t GroupTally::*left_out : {&GroupTally::unconnected, &GroupTally::unmeasured}) {
    GroupTally group;
    group.*left_out = 3;
    scenario.thresholds.clear();
    CHECK_FALSE(judged(scenario, group).passed());
    scenario.thresholds = {threshold("errors < 100")};  // they are no errors
    CHECK_FALSE(judged(scenario, group).passed());
    scenario.thresholds = {threshold("unconnected < 4"), threshold("unmeasured < 4")};
    CHECK(judged(scenario, group).passed());
    scenario.thresholds.clear();
    group.hostile = true;
    CHECK(judged(scenario, group).passed());
  }
}

TEST_CASE("95% of a planned rate are to be reached, unless told otherwise") {
  Scenario scenario;
  scenario.groups.resize(1);
  GroupTally group;
  group.name = "till";
  group.planned_sends = 1000;
  group.sends_at_rate = 950;
  CHECK(judged(scenario, group).passed());
  group.sends_at_rate = 949;
  const Result short_of_it = judged(scenario, group);
  CHECK_FALSE(short_of_it.passed());
  CHECK_EQ(short_of_it.judgements.back().threshold.group, "till");
  CHECK_EQ(short_of_it.judgements.back().value, doctest::Approx(94.9));
  scenario.thresholds = {threshold("reached >= 50")};
  CHECK(judged(scenario, group).passed());
  scenario.thresholds.clear();
  group.planned_sends = 0;
  CHECK(judged(scenario, group).passed());
}

TEST_CASE("who interrupts a run is not told that it was short") {
  Scenario scenario;
  scenario.groups.resize(1);
  GroupTally group;
  group.unconnected = 1;
  group.planned_sends = 1000;
  Result result;
  result.tally.groups = {group};
  result.interrupted = true;
  judge(scenario, result);
  CHECK(result.passed());
}

TEST_CASE("what a rate must have sent leaves out late starts, late replies and chance") {
  Scenario scenario;
  scenario.duration = std::chrono::seconds(10);
  Group group;
  CHECK_EQ(planned_sends(scenario, group, 10), 0);
  group.rate = 1000;
  CHECK_EQ(planned_sends(scenario, group, 10), 10'000 - 4 * 100);
  CHECK_EQ(planned_sends(scenario, group, 15), 10'000 - 4 * 100);
  CHECK_EQ(planned_sends(scenario, group, 2.5), 2500 - 4 * 50);
  group.ramp_up = std::chrono::seconds(6);
  scenario.warm_up = std::chrono::seconds(2);
  CHECK_EQ(planned_sends(scenario, group, 6.5), 2500 - 4 * 50);
  group.requests = 5;
  CHECK_EQ(planned_sends(scenario, group, 10), 0);
}

TEST_CASE("why connections failed is kept from all threads, by cause") {
  GroupTally one;
  GroupTally other;
  one.note_connect_problem("timed out");
  other.note_connect_problem("timed out");
  other.note_connect_problem("connection refused");
  other.unconnected = 2;
  one.merge(other);
  CHECK_EQ(one.unconnected, 2);
  CHECK_EQ(one.connect_problems["timed out"], 2);
  CHECK_EQ(one.connect_problems["connection refused"], 1);
}

TEST_CASE("a failed connection's cause says what to do") {
  CHECK_NE(connect_cause(EADDRNOTAVAIL).find("TIME_WAIT"), std::string::npos);
  CHECK_EQ(connect_cause(ECONNREFUSED).find("connection refused"), 0);
  CHECK_EQ(connect_cause(ETIMEDOUT).find("timed out"), 0);
  CHECK_NE(connect_cause(EAGAIN).find("backlog"), std::string::npos);
  CHECK_EQ(connect_cause(ENETUNREACH), "Network is unreachable");
}

TEST_CASE("a latency that nobody measured is not good") {
  const GroupTally nobody;
  for (const char* text :
       {"p99 < 1ms", "mean < 1s", "max >= 0ms", "p50 of CEIL < 60s", "connect_p99 < 1s",
        "late_p99 != 1s", "reached >= 0", "pause_p99 < 1s", "pause_max < 1s"}) {
    CAPTURE(text);
    const double value = measure(threshold(text), nobody, 1);
    CHECK_FALSE(holds(threshold(text), value));
    CHECK_EQ(show_value(threshold(text), value), "nothing was measured");
  }
  CHECK(holds(threshold("errors == 0"), measure(threshold("errors == 0"), nobody, 1)));
  CHECK(holds(threshold("rate < 1"), measure(threshold("rate < 1"), nobody, 1)));
}

TEST_CASE("times and counts are shown with three digits and groups of three") {
  CHECK_EQ(show_time(0), "0 ns");
  CHECK_EQ(show_time(999), "999 ns");
  CHECK_EQ(show_time(999.8), "1.00 us");
  CHECK_EQ(show_time(12'345), "12.3 us");
  CHECK_EQ(show_time(999'900), "1.00 ms");
  CHECK_EQ(show_time(2.5e9), "2.50 s");
  CHECK_EQ(show_count(1234567), "1 234 567");
  CHECK_EQ(show_count(-1000), "-1 000");
  CHECK_EQ(show_count(999), "999");
  CHECK_EQ(show_count(2.5), "2.50");
  CHECK_EQ(show_bytes(1536), "1.50 KiB");
  CHECK_EQ(show_span(3725), "1 h 02 m");
  CHECK_EQ(parse_nanoseconds("2m"), 120e9);
  CHECK_FALSE(parse_nanoseconds("-1ms"));
  CHECK_FALSE(parse_nanoseconds("1 hour"));
}

}  // namespace
}  // namespace reactord::load
