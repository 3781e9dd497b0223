// SPDX-License-Identifier: MIT
// What is timed together, what counts as a request's time, and what goes to the slow log.
#include "daemon/dispatch/command_timing.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/support/running_server.h"
#include "tests/unit/support/table_bench.h"
#include "tests/unit/support/test_handlers.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

constexpr CommandSpec kPingSpec{.name = "ping"};
constexpr CommandSpec kAuth{.name = "auth", .secrets = Secrets::all};

struct TimingBench : test::TableBench {
  TimingBench() : TableBench({.clients = 10, .admins = 2}) {
    ping.spec = &kPingSpec;
    ping.full_name = "ping";
    auth.spec = &kAuth;
    auth.full_name = "auth";
    slow_log.set_limits(10ms, 16);
    connection.session().set_name("me");
  }

  /// A call that takes so long.
  void call(CommandEntry& entry, Duration takes, std::vector<std::string_view> words = {"w"}) {
    timing.start(entry, words);
    ++entry.stats.calls;
    context.begin(connection, entry);
    clock.advance(takes);
  }

  HandlerGuard guard{clock, events};
  ErrorStats errors;
  SlowLog slow_log;
  PendingReplies pending{table, guard, errors, slow_log};
  CallContext context{events, pending};
  CommandTiming timing{clock, guard, slow_log, context};
  CommandEntry ping;
  CommandEntry auth;
  Connection& connection = open(open_to_all);
};

TEST_CASE("timing: the latest request that was part of a trace is known by its command") {
  TimingBench bench;
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto serve = [&](CommandEntry& entry) {
    const TimePoint arrived = bench.clock.now();
    bench.call(entry, 3ms);
    bench.timing.stop();
    bench.timing.note_sent(bench.connection, arrived);
  };
  serve(bench.ping);
  CHECK(bench.ping.stats.traced == nullptr);
  bench.connection.session().set_traceparent(trace);
  serve(bench.ping);
  bench.connection.session().set_traceparent("");
  bench.clock.advance(1s);
  serve(bench.ping);
  serve(bench.auth);
  REQUIRE(bench.ping.stats.traced != nullptr);
  CHECK(bench.ping.stats.traced->traceparent == trace);
  CHECK(bench.ping.stats.traced->latency == 3ms);
  CHECK(bench.ping.stats.traced->answered_at > 1.7e9);
  CHECK(bench.auth.stats.traced == nullptr);
}

TEST_CASE("timing: what was not answered leaves its trace to nobody") {
  TimingBench bench;
  bench.connection.session().set_traceparent("trace");
  bench.call(bench.ping, 3ms);
  bench.timing.stop();
  bench.timing.give_up();
  bench.connection.session().set_traceparent("");
  bench.call(bench.ping, 1ms);
  bench.timing.stop();
  bench.timing.note_sent(bench.connection, bench.clock.now());
  CHECK(bench.ping.stats.traced == nullptr);
}

TEST_CASE("timing: a command has its handler's time, a request all of it until it is sent") {
  TimingBench bench;
  const TimePoint arrived = bench.clock.now();
  bench.clock.advance(1ms);  // others are served
  bench.call(bench.ping, 2us);
  bench.call(bench.ping, 2us);
  bench.call(bench.auth, 1us);
  bench.timing.stop();
  bench.clock.advance(100us);  // the kernel takes the replies
  CHECK(bench.ping.stats.latency == nullptr);
  bench.timing.note_sent(bench.connection, arrived);
  CHECK(bench.ping.stats.time == 4us);
  CHECK(bench.auth.stats.time == 1us);
  REQUIRE(bench.ping.stats.latency->count() == 2);
  CHECK(bench.ping.stats.latency->most() == 1'105'000);
  CHECK(bench.auth.stats.latency->count() == 1);
  bench.timing.note_sent(bench.connection, arrived);
  CHECK(bench.ping.stats.latency->count() == 2);
}

TEST_CASE("timing: a request has waited while its handler did not work") {
  TimingBench bench;
  const TimePoint arrived = bench.clock.now();
  bench.clock.advance(1ms);  // others are served
  bench.call(bench.ping, 2us);
  bench.call(bench.ping, 2us);
  bench.call(bench.auth, 1us);
  bench.timing.stop();
  bench.clock.advance(100us);
  bench.timing.note_sent(bench.connection, arrived);
  CHECK(bench.ping.stats.waited == 2 * 1105us - 4us);
  CHECK(bench.auth.stats.waited == 1105us - 1us);
  CHECK(bench.ping.stats.behind == 0us);
  CHECK(bench.connection.figures().work() == 105us);
  CHECK(bench.connection.figures().latency() == 3 * 1105us);
  CHECK(Histogram::bucket_of(1'105'000) ==
        Histogram::bucket_of(
            static_cast<std::uint64_t>(bench.connection.figures().longest_latency().count())));
}

TEST_CASE("timing: what is put off takes its share of its run's time along") {
  TimingBench bench;
  const TimePoint arrived = bench.clock.now();
  bench.call(bench.ping, 3us);
  CommandTiming::leave_out(bench.ping);
  ++bench.ping.stats.deferred;
  bench.call(bench.ping, 3us);
  bench.timing.stop();
  bench.timing.note_sent(bench.connection, arrived);
  CHECK(bench.ping.stats.time == 6us);
  CHECK(bench.ping.stats.waited == 6us - 3us);
  CHECK(bench.connection.figures().latency() == 6us);
}

TEST_CASE("timing: what has no reply yet is no answered request") {
  TimingBench bench;
  const TimePoint arrived = bench.clock.now();
  bench.call(bench.ping, 1us);
  CommandTiming::leave_out(bench.ping);
  bench.call(bench.auth, 1us);
  bench.call(bench.ping, 1us);
  bench.timing.stop();
  bench.timing.note_sent(bench.connection, arrived);
  CHECK(bench.ping.stats.latency->count() == 1);
  bench.call(bench.auth, 1us);
  CommandTiming::leave_out(bench.auth);
  bench.timing.stop();
  bench.timing.note_sent(bench.connection, arrived);
  CHECK(bench.auth.stats.latency->count() == 1);
  bench.auth.stats.note_latency(arrived, arrived + 5s);  // its reply has come
  CHECK(Duration(bench.auth.stats.latency->most()) == 5s);
}

TEST_CASE("timing: what is given up is no answered request, and the next is one") {
  TimingBench bench;
  bench.call(bench.ping, 1us);
  bench.timing.stop();
  bench.timing.give_up();
  bench.timing.note_sent(bench.connection, bench.clock.now());
  CHECK(bench.ping.stats.latency == nullptr);
  bench.call(bench.ping, 1us);
  bench.timing.stop();
  bench.timing.note_sent(bench.connection, bench.clock.now());
  CHECK(bench.ping.stats.latency->count() == 1);
}

TEST_CASE("slow log: a slow call, with its words and its client") {
  TimingBench bench;
  bench.call(bench.ping, 10ms, {"PING", "in time"});
  bench.call(bench.auth, 11ms, {"AUTH", "ann", "secret"});
  bench.call(bench.ping, 12ms, {"PING", "late"});
  bench.timing.stop();
  const Diagnostics::SlowRequests slow = bench.slow_log.latest(10);
  REQUIRE(slow.size() == 2);
  CHECK(slow[0]->words == Texts{"PING", "late"});
  CHECK(slow[0]->took == 12ms);
  CHECK(slow[0]->calls == 1);
  CHECK(slow[0]->client_name == "me");
  CHECK(slow[0]->peer == bench.connection.stream().peer());
  CHECK(slow[0]->time > 1'700'000'000);
  CHECK(slow[1]->words == Texts{"AUTH", "(redacted)", "(redacted)"});
  CHECK_FALSE(bench.timing.looks_closely());
}

TEST_CASE("slow log: a request of a thousand words") {
  TimingBench bench;
  bench.call(bench.ping, 11ms, std::vector<std::string_view>(1000, "w"));
  bench.timing.stop();
  const Texts& words = bench.slow_log.latest(1).at(0)->words;
  REQUIRE(words.size() == 32);
  CHECK(words.back() == "... (969 more arguments)");
}

TEST_CASE("slow log: of several calls in a row, then each by itself for a while") {
  TimingBench bench;
  bench.call(bench.ping, 1ms, {"PING", "innocent"});
  bench.call(bench.ping, 20ms);
  bench.call(bench.ping, 1ms);
  bench.timing.stop();
  REQUIRE(bench.slow_log.size() == 1);
  CHECK(bench.slow_log.latest(1)[0]->calls == 3);
  CHECK(bench.slow_log.latest(1)[0]->words == Texts{"PING", "... (one of 3 calls in a row)"});
  CHECK(bench.timing.looks_closely());
  bench.clock.advance(9s);
  bench.call(bench.ping, 1us);
  bench.timing.stop();
  CHECK(bench.timing.looks_closely());
  bench.clock.advance(1s);
  bench.call(bench.ping, 1us);
  bench.timing.stop();
  CHECK_FALSE(bench.timing.looks_closely());
}

TEST_CASE("slow log: the words are those of the slow request, whatever comes behind it") {
  test::RunningServer server(test::test_handlers(), "[slowlog]\nslower_than = \"1ms\"\n");
  test::TestClient client(server);
  client.send("ECHO \"a b\"\nTESTBREAK \"slow\"\nECHO \"c d e f\"\n");
  for (int i = 0; i < 3; ++i) (void)client.read_line();
  client.send("MULTI\nPING\nTESTBREAK slow\nEXEC\nPING\n");
  for (int i = 0; i < 7; ++i) (void)client.read_line();
  client.send("*2\r\n$7\r\nSLOWLOG\r\n$3\r\nGET\r\n*1\r\n$4\r\nQUIT\r\n");
  const std::string told = client.read_to_end();
  const std::string slow = "*2\r\n$9\r\nTESTBREAK\r\n$4\r\nslow\r\n";
  const std::size_t first = told.find(slow);
  REQUIRE(first != std::string::npos);
  CHECK(told.find(slow, first + 1) != std::string::npos);
}

}  // namespace
}  // namespace reactord
