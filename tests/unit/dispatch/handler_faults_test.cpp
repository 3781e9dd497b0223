// SPDX-License-Identifier: MIT
// Handlers that break the rules: what their clients get, and what the log tells of each.
#include <doctest/doctest.h>

#include <cstring>

#include "tests/unit/support/running_server.h"
#include "tests/unit/support/test_handlers.h"

using namespace reactord;
using reactord::test::RunningServer;
using reactord::test::test_handlers;
using reactord::test::TestClient;

namespace {

/// Until the request that waits has been read.
void wait_for_its_promise(TestClient& client) {
  for (int tries = 0; tries < 100'000 && client.ask("TESTWAITING") != "1\n"; ++tries) continue;
}

/// Until a connection waits for its reply.
void wait_for_blocked(RunningServer& server) {
  std::string info;
  for (int tries = 0; tries < 10'000 && info.find("blocked_clients:1") == std::string::npos;
       ++tries) {
    TestClient looking(server);
    looking.send("INFO clients\nQUIT\n");
    info = looking.read_to_end();
  }
}

constexpr std::string_view kOneReply =
    "; it must write exactly one reply: one scalar, or one aggregate with all of its elements";

struct Fault {
  const char* how;
  std::string told;
};

}  // namespace

TEST_CASE("faults: each costs one error reply, and the log says what was wrong") {
  const Fault faults[] = {
      {"throw-late", "test-break threw std::runtime_error in handle() of testbreak: on purpose"},
      {"throw-number",
       "test-break threw int in handle() of testbreak: it has no text, since it is no "
       "std::exception"},
      {"throw-promised",
       "test-break threw std::runtime_error in handle() of testbreak: promised on purpose"},
      {"throw-writer", "test-break threw int in the writer of complete() of testbreak"},
      {"twice", "test-break broke a rule in handle() of testbreak: it wrote 2 replies" +
                    std::string(kOneReply)},
      {"half", "it wrote an array of 3 with 1 element" + std::string(kOneReply)},
      {"nothing", "it wrote nothing" + std::string(kOneReply)},
      {"never", "it returned pending without a promise; call defer() or produce() before"},
      {"needless",
       "it promised a reply, wrote one reply and did not return pending; write the reply at once"},
      {"dropped", "it promised a reply and destroyed the promise unkept; keep the DeferredReply"},
      {"pending-written",
       "it returned pending and wrote one reply; write nothing where the reply comes later"},
      {"late-half",
       "in the writer of complete() of testbreak: it wrote a map of 2 with 0 elements"},
      {"producer-throws",
       "test-break threw std::runtime_error in produce() of testbreak: slice on purpose"},
      {"producer-half", "in produce() of testbreak: it wrote an array of 2 with 1 element"},
  };
  for (const Fault& fault : faults) {
    CAPTURE(fault.how);
    RunningServer server(test_handlers());  // a new one, since faults of one kind are told seldom
    TestClient client(server);
    client.send("*2\r\n$9\r\nTESTBREAK\r\n$" + std::to_string(std::strlen(fault.how)) + "\r\n" +
                fault.how + "\r\n*1\r\n$4\r\nPING\r\n");
    CHECK(client.read_line().starts_with("-ERR internal error"));
    CHECK(client.read_line() == "+PONG\r\n");
    CHECK(server.logs(fault.told));
    CHECK(server.logs("client=1"));
  }
}

TEST_CASE("faults: in what answers no request, they are told and no more") {
  RunningServer server(test_handlers());
  TestClient client(server);
  client.send("*2\r\n$9\r\nTESTBREAK\r\n$14\r\nproducer-after\r\n");
  CHECK(client.read(12) == "*2\r\n:1\r\n:2\r\n");
  CHECK(server.logs("threw std::runtime_error in after_reply() of testbreak: after on purpose"));
  CHECK(client.ask("TESTBREAK bad-pushes").ends_with("OK\r\n"));
  CHECK(server.logs(
      "threw std::runtime_error in the writer of push() of testbreak: push on purpose"));
  CHECK(server.logs(
      "broke a rule in the writer of push() of testbreak: it wrote one reply; it must"));
  client.send("TESTBREAK throw-timer\n");
  CHECK(server.logs("threw int in a timer's callback of testbreak"));
  client.send("TESTBREAK gone\n");
  wait_for_blocked(server);
  client.finish_sending();
  CHECK(server.logs("threw std::runtime_error in on_finished() of testbreak: finished on purpose"));
  client.reset();
  CHECK(server.logs("threw std::runtime_error in on_gone() of testbreak: gone on purpose"));
  server.stop();
  CHECK(server.logs("test-break threw std::runtime_error in stop(): stop on purpose"));
}

TEST_CASE("faults: a handler that holds the loop is told, and counted in INFO") {
  RunningServer server(test_handlers(), "[log]\nslow_handler = \"1ms\"\n");
  TestClient client(server);
  CHECK(client.ask("TESTBREAK slow") == "OK\n");
  CHECK(server.logs("more than log.slow_handler, in handle() of testbreak client=1 peer="));
  client.send("*2\r\n$4\r\nINFO\r\n$5\r\nstats\r\n*1\r\n$4\r\nQUIT\r\n");
  const std::string info = client.read_to_end();
  const std::size_t at = info.find("event_handler_slow:");
  REQUIRE(at != std::string::npos);
  CHECK(info.substr(at, 20) != "event_handler_slow:0");
}

TEST_CASE("errors: all that are sent are counted, the late ones and the daemon's own, too") {
  RunningServer server(test_handlers());
  {
    TestClient broken(server);
    broken.send("*1\r\n$x\r\n");
    CHECK(broken.read_to_end().starts_with("-ERR Protocol error"));
  }
  TestClient client(server);
  client.send("*2\r\n$9\r\nTESTBREAK\r\n$9\r\nlate-half\r\n");
  CHECK(client.read_line().starts_with("-ERR internal error"));
  client.send("*2\r\n$9\r\nTESTBREAK\r\n$13\r\nproducer-half\r\n");
  CHECK(client.read_line().starts_with("-ERR internal error"));
  client.send("*1\r\n$6\r\nNOSUCH\r\n");
  CHECK(client.read_line().starts_with("-ERR unknown command"));
  client.send("*2\r\n$4\r\nINFO\r\n$10\r\nerrorstats\r\n*1\r\n$4\r\nQUIT\r\n");
  CHECK(client.read_to_end().find("errorstat_ERR:count=4\r\n") != std::string::npos);
}

TEST_CASE("rules: a token that outlived its request does not keep the next one's promise") {
  RunningServer server(test_handlers());
  TestClient client(server);
  TestClient other(server);
  CHECK(client.ask("TESTBREAK needless").find("ERR internal error") != std::string::npos);
  client.send("TESTLATER f\n");
  wait_for_its_promise(other);
  // Takes the place of the client's old token, which is destroyed by that.
  CHECK(other.ask("TESTBREAK needless").find("ERR internal error") != std::string::npos);
  CHECK(other.ask("TESTRELEASE f mine") == "1\n");
  CHECK(client.read_line() == "mine\n");
}
