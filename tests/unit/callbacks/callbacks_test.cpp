// SPDX-License-Identifier: MIT
// Timers, offloaded work and watched descriptors of handlers, in a whole server.
#include <doctest/doctest.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/unit/support/running_server.h"
#include "tests/unit/support/work_handlers.h"

using namespace reactord;
using reactord::test::RunningServer;
using reactord::test::TestClient;
using reactord::test::work_handlers;

namespace {

/// "" where there is no such field.
std::string info(const RunningServer& server, const std::string& section,
                 const std::string& field) {
  TestClient looking(server);
  looking.send("INFO " + section + "\nQUIT\n");
  const std::string text = looking.read_to_end();
  const std::size_t at = text.find(field + ":");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + field.size() + 1;
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string worker_info(const RunningServer& server, const std::string& field) {
  return info(server, "workers", field);
}

void wait_for_info(const RunningServer& server, const std::string& field,
                   const std::string& value) {
  for (int tries = 0; tries < 10'000 && worker_info(server, field) != value; ++tries) continue;
  CHECK(worker_info(server, field) == value);
}

/// Until the answer is there.
void wait_for_answer(TestClient& client, const std::string& request, const std::string& answer) {
  std::string last;
  for (int tries = 0; tries < 100'000 && last != answer; ++tries) last = client.ask(request);
  CHECK(last == answer);
}

}  // namespace

TEST_CASE("offload: work waits beside the loop, and others are answered meanwhile") {
  WorkGate gate;
  RunningServer server(work_handlers(gate));
  TestClient asking(server);
  TestClient other(server);
  CHECK(worker_info(server, "worker_threads") == "0");
  asking.send("TESTWORK hello\n");
  gate.wait_for(1);
  CHECK(other.ask("PING") == "PONG\n");
  CHECK(worker_info(server, "worker_running") == "1");
  gate.open();
  CHECK(asking.read_line() == "hello\n");
  CHECK(worker_info(server, "worker_threads") == "1");
  CHECK(worker_info(server, "worker_done") == "1");
}

TEST_CASE("offload: an exception of the work reaches the handler, one of the handler the log") {
  WorkGate gate;
  RunningServer server(work_handlers(gate));
  TestClient client(server);
  CHECK(client.ask("TESTFAIL") == "(error) ERR the work failed\n");
  CHECK(client.ask("TESTDONE") == "OK\n");
  CHECK(
      server.logs("test-work threw std::runtime_error in the end of offloaded work of testdone: "
                  "done on purpose"));
  CHECK(client.ask("PING") == "PONG\n");
}

TEST_CASE("offload: beyond its limit the handler is told, and can say BUSY") {
  WorkGate gate;
  RunningServer server(work_handlers(gate), "[server]\nworkers = 1\nmax_offloaded = 2\n");
  TestClient first(server);
  TestClient second(server);
  TestClient third(server);
  first.send("TESTWORK one\n");
  gate.wait_for(1);
  second.send("TESTWORK two\n");
  wait_for_info(server, "worker_queued", "1");
  CHECK(third.ask("TESTWORK three") == "(error) BUSY too much is at work\n");
  CHECK(worker_info(server, "worker_refused") == "1");
  gate.open();
  CHECK(first.read_line() == "one\n");
  CHECK(second.read_line() == "two\n");
  CHECK(third.ask("TESTWORK three") == "three\n");
}

TEST_CASE("offload: a client that has gone takes its waiting work with it") {
  WorkGate gate;
  RunningServer server(work_handlers(gate), "[server]\nworkers = 1\n");
  TestClient running(server);
  TestClient waiting(server);
  running.send("TESTWORK one\n");
  gate.wait_for(1);
  waiting.send("TESTWORK two\n");
  wait_for_info(server, "worker_queued", "1");
  waiting.reset();
  wait_for_info(server, "worker_queued", "0");
  running.reset();
  gate.open();
  wait_for_info(server, "worker_running", "0");
  CHECK(worker_info(server, "worker_done") == "1");
  TestClient client(server);
  CHECK(client.ask("TESTWORK three") == "three\n");
}

TEST_CASE("offload: a stop waits for the work, and its client is answered") {
  WorkGate gate;
  RunningServer server(work_handlers(gate));
  TestClient client(server);
  client.send("TESTWORK hello\n");
  gate.wait_for(1);
  server.signal(SIGTERM);
  CHECK(server.logs("stopping on SIGTERM"));
  gate.open();
  CHECK(client.read_to_end() == "hello\n");
  server.join();
  CHECK(server.log().find("closed unanswered") == std::string::npos);
}

TEST_CASE("offload: a stop waits for work whose client has gone, too") {
  WorkGate gate;
  RunningServer server(work_handlers(gate));
  {
    TestClient client(server);
    client.send("TESTWORK hello\n");
    gate.wait_for(1);
    client.reset();
  }
  server.signal(SIGTERM);
  CHECK(server.logs("stopping on SIGTERM"));
  CHECK(server.log().find(" stopped") == std::string::npos);
  gate.open();
  server.join();
  CHECK(server.log().find("work did not end") == std::string::npos);
}

TEST_CASE("offload: work that hangs is left behind once deadlines.drain has passed") {
  static WorkGate gate;  // used beyond this test
  RunningServer server(work_handlers(gate), "[deadlines]\ndrain = \"10ms\"\n");
  TestClient client(server);
  client.send("TESTWORK hello\n");
  gate.wait_for(1);
  server.signal(SIGTERM);
  CHECK(client.read_to_end() == "(error) ERR the server has stopped before the reply was ready\n");
  server.join();
  CHECK(server.logs("1 pieces of handlers' offloaded work did not end"));
  gate.open();
}

TEST_CASE("start() is called once, before the first request") {
  WorkGate gate;
  RunningServer server(work_handlers(gate));
  TestClient client(server);
  CHECK(client.ask("TESTSTARTED") == "1\n");
}

TEST_CASE(
    "watch: a descriptor is told of until it is read, an exception is logged, and wake() calls "
    "once") {
  WorkGate gate;
  RunningServer server(work_handlers(gate));
  TestClient client(server);
  CHECK(client.ask("TESTPIPE abc") == "OK\n");
  wait_for_answer(client, "TESTREAD", "abc 0\n");
  CHECK(client.ask("TESTPIPE !d") == "OK\n");
  wait_for_answer(client, "TESTREAD", "abc!d 1\n");
  CHECK(
      server.logs("test-pipe threw std::runtime_error in a watched descriptor's callback: "
                  "watch on purpose"));
  CHECK(worker_info(server, "watched_descriptors") == "1");
}

TEST_CASE("start() that throws ends the start, and says whose it was") {
  WorkGate gate;
  std::vector<HandlerEntry> handlers = work_handlers(gate);
  handlers.push_back(reactord::test::bad_start_handler());
  std::string problem;
  try {
    const RunningServer server(handlers);
  } catch (const std::runtime_error& error) {
    problem = error.what();
  }
  CHECK(problem.starts_with("the server did not start"));
}

TEST_CASE("watch: a crowd of busy descriptors leaves the turns to others") {
  WorkGate gate;
  RunningServer server(work_handlers(gate));
  TestClient client(server);
  CHECK(client.ask("TESTCROWD") == "OK\n");
  const auto figure = [&](const std::string& field) {
    return std::stoll(info(server, "stats", field));
  };
  const long long turns = figure("loop_turns");
  const long long events = figure("loop_events");
  while (figure("loop_turns") < turns + 100) continue;
  // A callback is 40 units of the 600 that a part of a turn has.
  // In this order: the loop goes on between two looks at it.
  const long long events_since = figure("loop_events") - events;
  CHECK(events_since < 20 * (figure("loop_turns") - turns));
}

TEST_CASE("call_every: a timer repeats") {
  WorkGate gate;
  RunningServer server(work_handlers(gate));
  TestClient client(server);
  const int before = std::stoi(client.ask("TESTTICKS"));
  int after = before;
  for (int tries = 0; tries < 100'000 && after < before + 3; ++tries)
    after = std::stoi(client.ask("TESTTICKS"));
  CHECK(after >= before + 3);
}
