// SPDX-License-Identifier: MIT
// One request, one reply, always its own: in order, late, cancelled, lost.
#include "daemon/outgoing/resp_client.h"

#include <doctest/doctest.h>

#include "tests/unit/support/failing_allocations.h"
#include "tests/unit/support/resp_client_bench.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::bench_settings;
using test::get;
using test::RespClientBench;
using test::Results;

TEST_CASE("requests of a turn go out in one send, and each gets its own reply") {
  RespClientBench bench;
  bench.connect();
  CHECK(bench.ask("a") != 0);
  CHECK(bench.ask("b") != 0);
  CHECK(bench.ask("c") != 0);
  CHECK_EQ(bench.sent(), "");
  bench.turn();
  CHECK_EQ(bench.sent(), get("a") + get("b") + get("c"));
  CHECK_EQ(bench.stream().sends, 1);
  CHECK_EQ(bench.client->pending(), 3);
  bench.receive("+one\r\n-ERR two\r\n*2\r\n:1\r\n$5\r\nthree\r\n");
  CHECK_EQ(bench.taken(),
           Results{"a: +one\r\n", "b: error -ERR two\r\n", "c: *2\r\n:1\r\n$5\r\nthree\r\n"});
  CHECK_EQ(bench.stream().receives, 1);
  CHECK_EQ(bench.client->pending(), 0);
  CHECK_EQ(bench.client->counters().replies, 3);
  CHECK_EQ(bench.client->counters().errors, 1);
}

TEST_CASE("replies that come in pieces are whole when they are told") {
  const std::string replies = "$5\r\nhello\r\n*2\r\n:1\r\n+x\r\n:7\r\n";
  for (std::size_t cut = 1; cut < replies.size(); ++cut) {
    RespClientBench bench;
    bench.connect();
    for (const char* name : {"a", "b", "c"}) CHECK(bench.ask(name) != 0);
    bench.turn();
    bench.receive(replies.substr(0, cut));
    bench.receive(replies.substr(cut));
    CHECK_EQ(bench.taken(), Results{"a: $5\r\nhello\r\n", "b: *2\r\n:1\r\n+x\r\n", "c: :7\r\n"});
  }
}

TEST_CASE("requests wait for the first connection, and are sent over it") {
  RespClientBench bench;
  CHECK(bench.client->is_available());
  CHECK_FALSE(bench.client->is_connected());
  CHECK(bench.ask("a") != 0);
  bench.connect();
  CHECK_EQ(bench.sent(), get("a"));
  bench.service.advance(150ms);  // the reply's time begins with the connection
  CHECK(bench.taken().empty());
  bench.receive(":1\r\n");
  CHECK_EQ(bench.taken(), Results{"a: :1\r\n"});
  CHECK_EQ(bench.states, Results{"connected"});
}

TEST_CASE("a request that no connection comes for is unavailable, and never sent") {
  RespClientBench bench;
  bench.service.advance(0ms);
  CHECK(bench.ask("a") != 0);
  bench.service.advance(600ms);
  CHECK(bench.ask("b") != 0);
  bench.service.advance(399ms);
  CHECK(bench.taken().empty());
  bench.service.advance(1ms);
  CHECK_EQ(bench.taken(), Results{"a: unavailable"});
  CHECK_EQ(bench.problem, "no connection within 1000 ms");
  bench.script.succeed();
  bench.turn();
  CHECK_EQ(bench.sent(), get("b"));
}

TEST_CASE("where an attempt has failed, requests are refused until one succeeds") {
  RespClientBench bench;
  bench.service.advance(0ms);
  CHECK(bench.ask("a") != 0);
  bench.script.fail("cannot connect: gone");
  CHECK_EQ(bench.taken(), Results{"a: unavailable"});
  CHECK_EQ(bench.problem, "cannot connect: gone");
  CHECK_EQ(bench.states, Results{"cannot connect: gone"});
  CHECK_FALSE(bench.client->is_available());
  CHECK(bench.ask("b") == 0);
  bench.service.advance(49ms);
  CHECK_FALSE(bench.script.is_trying());
  bench.service.advance(1ms);
  CHECK(bench.script.is_trying());
  CHECK(bench.ask("c") == 0);
  bench.script.succeed();
  CHECK(bench.ask("d") != 0);
  bench.turn();
  CHECK_EQ(bench.sent(), get("d"));
  CHECK_EQ(bench.client->counters().refused, 2);
  CHECK_EQ(bench.client->counters().failed_attempts, 1);
}

TEST_CASE("pauses double up to the most, and only a reply makes them short again") {
  RespClientBench bench;
  bench.service.advance(0ms);
  bench.script.fail();
  const auto pause = [&] {
    const TimePoint before = bench.service.time;
    while (!bench.script.is_trying()) REQUIRE(bench.service.run_timer());
    return std::chrono::duration_cast<std::chrono::milliseconds>(bench.service.time - before);
  };
  for (const auto expected : {50ms, 100ms, 200ms, 400ms, 500ms, 500ms}) {
    CHECK_EQ(pause().count(), expected.count());
    bench.script.fail();
  }
  CHECK_EQ(pause().count(), 500);
  bench.script.succeed();  // it accepts, and closes without a word
  bench.stream().input_ends = true;
  bench.tell();
  CHECK_FALSE(bench.client->is_available());
  CHECK_EQ(pause().count(), 500);
  bench.script.succeed();
  CHECK(bench.ask("a") != 0);
  bench.turn();
  bench.receive(":1\r\n");
  bench.stream().input_ends = true;
  bench.tell();
  CHECK(bench.client->is_available());
  CHECK_EQ(pause().count(), 50);
}

TEST_CASE("the pause has a random half") {
  RespClientBench bench;
  bench.random = 0.5;
  bench.service.advance(0ms);
  bench.script.fail();
  bench.service.advance(74ms);
  CHECK_FALSE(bench.script.is_trying());
  bench.service.advance(1ms);
  CHECK(bench.script.is_trying());
}

TEST_CASE("a reply after its deadline is exactly the one that is thrown away") {
  RespClientBench bench;
  bench.connect();
  CHECK(bench.ask("a") != 0);
  bench.turn();
  bench.service.advance(150ms);
  CHECK(bench.ask("b") != 0);
  bench.turn();
  bench.service.advance(50ms);
  CHECK_EQ(bench.taken(), Results{"a: timed_out"});
  CHECK_EQ(bench.problem, "no reply within 200 ms");
  CHECK_EQ(bench.client->pending(), 2);  // its place stays
  bench.receive(":1\r\n:2\r\n");
  CHECK_EQ(bench.taken(), Results{"b: :2\r\n"});
  CHECK_EQ(bench.client->counters().thrown_away, 1);
  CHECK_EQ(bench.client->pending(), 0);
  bench.service.advance(1000ms);
  CHECK(bench.client->is_connected());
}

TEST_CASE("the reply of a cancelled request is exactly the one that is thrown away") {
  for (const std::size_t cancelled : {0u, 1u, 2u}) {
    RespClientBench bench;
    bench.connect();
    const std::uint64_t tickets[] = {bench.ask("a"), bench.ask("b"), bench.ask("c")};
    bench.turn();
    bench.client->cancel(tickets[cancelled]);
    bench.client->cancel(tickets[cancelled]);
    CHECK_EQ(bench.client->counters().cancelled, 1);
    bench.receive(":0\r\n:1\r\n:2\r\n");
    Results expected{"a: :0\r\n", "b: :1\r\n", "c: :2\r\n"};
    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(cancelled));
    CHECK_EQ(bench.taken(), expected);
    bench.client->cancel(tickets[2]);  // over: nothing
    bench.client->cancel(12345);
  }
}

TEST_CASE("later requests do not extend the deadline of the oldest") {
  RespClientBench bench;
  bench.connect();
  CHECK(bench.ask("a") != 0);
  for (int i = 0; i < 20; ++i) {
    bench.turn();
    bench.service.advance(9ms);
    CHECK(bench.ask("more") != 0);
  }
  CHECK(bench.taken().empty());
  bench.service.advance(20ms);
  CHECK_EQ(bench.taken(), Results{"a: timed_out"});
}

TEST_CASE("a late reply that does not come within another timeout ends the connection") {
  RespClientBench bench;
  bench.connect();
  CHECK(bench.ask("a") != 0);
  bench.turn();
  bench.service.advance(390ms);
  CHECK(bench.ask("b") != 0);
  bench.turn();
  CHECK_EQ(bench.taken(), Results{"a: timed_out"});
  CHECK(bench.client->is_connected());
  bench.service.advance(10ms);
  CHECK_FALSE(bench.client->is_connected());
  CHECK_EQ(bench.taken(), Results{"b: lost"});
  CHECK_EQ(bench.states, Results{"connected", "replies are overdue"});
}

TEST_CASE("a cancelled request whose reply never comes ends the connection, too") {
  RespClientBench bench;
  bench.connect();
  bench.client->cancel(bench.ask("a"));
  bench.turn();
  bench.service.advance(399ms);
  CHECK(bench.client->is_connected());
  bench.service.advance(1ms);
  CHECK_FALSE(bench.client->is_connected());
  CHECK(bench.taken().empty());
}

TEST_CASE("those whose request was sent are lost with the connection, the others never left") {
  RespClientBench bench;
  bench.connect();
  bench.stream().accepts = {get("a").size() + 3};
  CHECK(bench.ask("a") != 0);
  CHECK(bench.ask("b") != 0);
  CHECK(bench.ask("c") != 0);
  bench.turn();
  CHECK(bench.service.interest_in(bench.stream().fd).writable);
  CHECK_EQ(bench.client->pending_bytes(), get("b").size() + get("c").size() - 3);
  bench.stream().is_lost = true;
  bench.tell();
  CHECK_EQ(bench.taken(), Results{"a: lost", "b: lost", "c: unavailable"});
  CHECK_EQ(bench.states.back(), "the connection broke: Connection reset by peer");
  bench.connect();
  CHECK_EQ(bench.sent(), "");
}

TEST_CASE("what the kernel does not take at once follows when it can") {
  RespClientBench bench;
  bench.connect();
  bench.stream().accepts = {5};
  CHECK(bench.ask("a") != 0);
  bench.turn();
  CHECK(bench.ask("b") != 0);
  bench.turn();
  CHECK_EQ(bench.sent(), get("a").substr(0, 5));
  bench.service.fire(bench.stream().fd, {.writable = true});
  CHECK_EQ(bench.sent(), get("a").substr(5) + get("b"));
  CHECK_FALSE(bench.service.interest_in(bench.stream().fd).writable);
}

TEST_CASE("bounds: places and bytes") {
  RespClientSettings settings = bench_settings();
  settings.max_pending = 2;
  settings.max_pending_bytes = 100;
  RespClientBench bench(settings);
  CHECK(bench.ask(std::string(100, 'x')) == 0);
  CHECK(bench.ask("a") != 0);
  bench.connect();
  CHECK(bench.ask("b") != 0);
  CHECK(bench.ask("c") == 0);
  bench.turn();
  bench.receive(":1\r\n");
  CHECK(bench.ask(std::string(60, 'x')) == 0);
  CHECK(bench.ask("d") != 0);
  CHECK(bench.client->request({}, {}) == 0);
}

TEST_CASE("nothing is allocated for a request once a few were under way") {
  RespClientBench bench;
  bench.connect();
  struct Seen {
    int replies = 0;
    int errors = 0;
  } seen;
  const std::string_view words[] = {"GET", "a"};
  const auto round = [&] {
    for (int i = 0; i < 10; ++i) {
      (void)bench.client->request(words, [&seen, i](const RespResult& result) {
        seen.replies += result.bytes.size() == 5 ? 1 : 0;
        seen.errors += i < 0 ? 1 : 0;
      });
    }
  };
  const std::string replies =
      "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n";
  for (int i = 0; i < 3; ++i) {
    round();
    bench.turn();
    bench.receive(replies);
  }
  bench.stream().sent.reserve(1000);
  test::let_allocations_fail_here();
  test::fail_allocation(1, test::Failing::all_from_there);
  round();
  CHECK_FALSE(test::stop_failing());
  bench.turn();
  bench.receive(replies);
  CHECK_EQ(seen.replies, 40);
}

}  // namespace
}  // namespace reactord
