// SPDX-License-Identifier: MIT
// TOML in, scenarios or exact messages out; the personas; and every scenario that is shipped.
#include "tools/reactor-load/scenario/scenario_loader.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "tools/reactor-load/scenario/personas.h"

namespace reactord::load {
namespace {

using namespace std::chrono_literals;

std::string problems(std::string_view toml) {
  std::string out;
  for (const std::string& problem : parse_scenario(toml, "x.toml", "").problems) {
    out += problem + "\n";
  }
  return out;
}

Scenario good(std::string_view toml) {
  LoadedScenario loaded = parse_scenario(toml, "x.toml", "");
  for (const std::string& problem : loaded.problems) CHECK_EQ(problem, "");
  return std::move(loaded.scenario);
}

TEST_CASE("a threshold of a command that nobody sends is a mistake, at its place") {
  const std::string_view scenario = R"(
[run]
thresholds = ["errors == 0", "p99 of CIEL < 1ms"]
[[group]]
name = "one"
thresholds = ["rate of PING > 5"]
loops = 1
steps = [{ repeat = 2, steps = [{ one_of = [{ send = "CEIL 4.40" }] }] }]
[[group]]
name = "two"
thresholds = "p99 of PING < 60s"
hostile = true
steps = [{ send = "PING" }]
)";
  CHECK_EQ(problems(scenario),
           "x.toml:3:30: thresholds: no request is called 'CIEL'; did you mean 'CEIL'?\n"
           "x.toml:6:15: thresholds: no request is called 'PING'\n");
}

TEST_CASE("a run of no time at all is a mistake, not one without end") {
  CHECK_EQ(problems("[run]\nduration = \"0s\"\n[[group]]\nsteps = [{ send = \"PING\" }]"),
           "x.toml:2:12: duration: this cannot be off: from 1ms to 7d\n");
}

TEST_CASE("every key of [run] and [[group]] reaches its member") {
  const Scenario scenario = good(R"(
[run]
title = "T"
uri = "unix:/x"
protocol = "line"
duration = "3s"
warm_up = "1s"
timeout = "2s"
seed = 9
threads = 2
thresholds = "p99 < 1ms"
[[group]]
name = "g"
clients = 5
pipeline = 7
rate = 100
arrivals = "random"
requests = 50
loops = 3
ramp_up = "4s"
delay = "5s"
hostile = true
thresholds = ["errors == 0", "rate > 5"]
steps = [{ send = "PING" }]
)");
  CHECK_EQ(scenario.title, "T");
  CHECK_EQ(scenario.uri, "unix:/x");
  CHECK(scenario.wire == Wire::line);
  CHECK(scenario.duration == 3s);
  CHECK(scenario.warm_up == 1s);
  CHECK(scenario.timeout == 2s);
  CHECK_EQ(scenario.seed, 9);
  CHECK_EQ(scenario.threads, 2);
  CHECK_EQ(scenario.thresholds.size(), 1);
  REQUIRE_EQ(scenario.groups.size(), 1);
  const Group& group = scenario.groups[0];
  CHECK_EQ(group.clients, 5);
  CHECK_EQ(group.pipeline, 7);
  CHECK_EQ(group.rate, 100);
  CHECK(group.arrivals == Arrivals::random);
  CHECK_EQ(group.requests, 50);
  CHECK_EQ(group.loops, 3);
  CHECK(group.ramp_up == 4s);
  CHECK(group.delay == 5s);
  CHECK(group.hostile);
  REQUIRE_EQ(group.thresholds.size(), 2);
  CHECK_EQ(group.thresholds[0].group, "g");
}

TEST_CASE("every kind of step is read") {
  const Scenario scenario = good(R"(
[[group]]
steps = [
  { connect = true }, { send = ["A", "b c"], expect = "echo", name = "n", times = 3 },
  { bytes = "x{{", piece = "1B", every = "5ms" }, { think = "1ms..9ms" }, { half_close = true },
  { await_replies = true }, { await_close = "2s" }, { reconnect = true }, { disconnect = true },
  { leave = true }, { reset = true }, { read = false },
  { repeat = 4, steps = [{ send = "PING" }, { one_of = [{ send = "A", weight = 2 }, { think = "1ms" }] }] },
]
)");
  const auto& steps = scenario.groups[0].steps;
  const Action order[] = {Action::connect,     Action::send,       Action::bytes,
                          Action::think,       Action::half_close, Action::await_replies,
                          Action::await_close, Action::reconnect,  Action::disconnect,
                          Action::leave,       Action::reset,      Action::read,
                          Action::repeat};
  REQUIRE_EQ(steps.size(), std::size(order));
  for (std::size_t i = 0; i < steps.size(); ++i) CHECK(steps[i].action == order[i]);
  CHECK_EQ(steps[1].label, "n");
  CHECK_EQ(steps[1].times, 3);
  CHECK(steps[1].expectation.kind == Expectation::Kind::echo);
  CHECK(steps[2].expectation.kind == Expectation::Kind::none);
  CHECK_EQ(steps[2].piece_bytes, 1);
  CHECK(steps[3].pause.most == 9ms);
  CHECK(steps[6].patience == 2s);
  CHECK_FALSE(steps[11].on);
  CHECK_EQ(steps[12].times, 4);
  REQUIRE_EQ(steps[12].steps.size(), 2);
  CHECK_EQ(steps[12].steps[1].steps[0].weight, 2);
}

TEST_CASE("a scenario that says nothing of its end has one") {
  CHECK(good("[[group]]\nsteps = [{ send = 'PING' }]").duration == kUsualDuration);
  CHECK(good("[[group]]\nloops = 1\nsteps = [{ send = 'PING' }]").duration == 0s);
  CHECK(good("[[group]]\npersona = 'trickler'").duration == kUsualDuration);
}

TEST_CASE("mistakes have their place and their remedy") {
  CHECK_EQ(problems("[run]\ndurration = '5s'\n[[group]]\nsteps = [{ send = 'PING' }]"),
           "x.toml:2:1: unknown key 'durration' in [run]; did you mean 'duration'?\n");
  CHECK_EQ(problems("[[group]]\nclinets = 5\nsteps = [{ send = 'PING' }]"),
           "x.toml:2:1: unknown key 'clinets' in [[group]]; did you mean 'clients'?\n");
  CHECK_EQ(problems("a = [[t\n"),
           "x.toml:1:8: Error while parsing boolean: expected 'true', saw 't\\n'\n");
  CHECK_EQ(problems("clients = 5\n"),
           "x.toml:1:1: unknown key 'clients'; it belongs in [[group]]\n");
  CHECK_EQ(problems("[rum]\n"), "x.toml:1:2: unknown key 'rum'; did you mean 'run'?\n");
  CHECK_EQ(problems("[run]\n"), "x.toml:1:1: there is no [[group]]: nobody would send anything\n");
  CHECK_EQ(problems("[[group]]\nname = 'a'"),
           "x.toml:1:1: 'a' has no steps: give it steps = [ ... ] or a persona\n");
  CHECK_EQ(problems("[[group]]\nclients = 0\nsteps = [{ send = 'PING' }]"),
           "x.toml:2:11: clients: 0 is out of range, which is from 1 to 1000000\n");
  CHECK_EQ(problems("[run]\nseed = -1\n[[group]]\nsteps = [{ send = 'PING' }]"),
           "x.toml:2:8: seed: -1 is out of range, which is at least 0\n");
  CHECK_EQ(
      problems("[[group]]\npersona = 'tickler'"),
      "x.toml:2:11: there is no persona 'tickler'; did you mean 'trickler'?; see --personas\n");
  CHECK_EQ(problems("[[group]]\nsteps = [{ sned = 'PING' }]"),
           "x.toml:2:12: unknown key 'sned' in a step; did you mean 'send'?\n");
  CHECK_EQ(problems("[[group]]\nsteps = [{ send = 'PING', think = '1s' }]"),
           "x.toml:2:10: a step does one thing: send and think are two\n");
  CHECK_EQ(problems("[[group]]\nsteps = [{ think = '1s', expect = 'any' }]"),
           "x.toml:2:10: expect does not belong to think\n");
  CHECK_EQ(problems("[[group]]\nsteps = [{ send = 'PING', expect = 'ecko' }]").substr(0, 33),
           "x.toml:2:36: expect: expected ech");
  CHECK_EQ(problems("[[group]]\nsteps = [{ send = 'ECHO {txt:5}' }]"),
           "x.toml:2:19: send: unknown generator '{txt:5}'; did you mean 'text'?; write '{{' for a "
           "brace\n");
  CHECK_EQ(problems("[run]\nthresholds = ['errors == 0', 'p98 < 1ms']\n[[group]]\nloops = 1\n"
                    "steps = [{ send = 'PING' }]")
               .substr(0, 67),
           "x.toml:2:30: thresholds: nothing called 'p98' is measured; did you ");
  CHECK_EQ(problems("[[group]]\nsteps = [{ bytes = 'x', piece = 5 }]"),
           "x.toml:2:10: piece and every belong together\n");
  CHECK_EQ(problems("[[group]]\nsteps = [{ reset = false }]"),
           "x.toml:2:10: reset = false does nothing: leave the step out\n");
  CHECK(problems("[[group]\n").starts_with("x.toml:1:9: "));
  CHECK_EQ(problems("[[group]]\nname='a'\nloops=1\nsteps=[{send='A'}]\n[[group]]\nname='a'\n"
                    "steps=[{send='A'}]"),
           "x.toml:5:1: there are two groups called 'a'\n");
}

TEST_CASE("personas are groups, and what is set beside them wins") {
  for (const Persona& persona : personas()) {
    CAPTURE(persona.name);
    Group group;
    CHECK(apply_persona(persona.name, group));
    CHECK_FALSE(group.steps.empty());
  }
  const Scenario scenario =
      good("[[group]]\npersona = 'resetter'\nclients = 9\npipeline = 3\nhostile = false");
  CHECK_EQ(scenario.groups[0].name, "resetter");
  CHECK_EQ(scenario.groups[0].pipeline, 3);
  CHECK_FALSE(scenario.groups[0].hostile);
  CHECK_EQ(scenario.groups[0].steps.size(), 4);
}

TEST_CASE("what --personas prints is a scenario") {
  CHECK_EQ(good(describe_personas()).groups.size(), personas().size());
}

TEST_CASE("the scenarios that are shipped are good") {
  std::size_t count = 0;
  const std::string folder = REACTORD_SOURCE_DIR "/tests/load";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".toml") continue;
    const LoadedScenario loaded = load_scenario(entry.path().string());
    for (const std::string& problem : loaded.problems) CHECK_EQ(problem, "");
    CHECK_FALSE(loaded.scenario.title.empty());
    ++count;
  }
  CHECK(count >= 12);
}

TEST_CASE("a file that is none") {
  CHECK_EQ(load_scenario("/nonexistent.toml").problems.size(), 1);
  CHECK_EQ(load_scenario("/").problems.size(), 1);
}

}  // namespace
}  // namespace reactord::load
