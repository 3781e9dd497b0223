// SPDX-License-Identifier: MIT
// The handler interface, all of it, through a running server.
#include <doctest/doctest.h>
#include <netinet/tcp.h>

#include "tests/unit/support/running_server.h"
#include "tests/unit/support/test_handlers.h"

using namespace reactord;
using reactord::test::RunningServer;
using reactord::test::test_handlers;
using reactord::test::TestClient;

namespace {

/// Until the request that waits has been read.
void wait_for_promise(TestClient& client) {
  for (int tries = 0; tries < 100'000 && client.ask("TESTWAITING") != "1\n"; ++tries) continue;
}

}  // namespace

TEST_CASE(
    "defer: other connections are served while one waits, and its own requests keep their order") {
  RunningServer server(test_handlers());
  TestClient waiting(server);
  TestClient other(server);
  waiting.send("TESTLATER a\nPING\n");
  CHECK(other.ask("PING") == "PONG\n");
  wait_for_promise(other);
  CHECK(other.ask("TESTRELEASE a done") == "1\n");
  CHECK(waiting.read_line() == "done\n");
  CHECK(waiting.read_line() == "PONG\n");
}

TEST_CASE("defer: a timer of the service answers") {
  RunningServer server(test_handlers());
  TestClient client(server);
  CHECK(client.ask("TESTAFTER 20") == "AFTER\n");
}

TEST_CASE("defer: a promise kept within the call is an ordinary reply") {
  RunningServer server(test_handlers());
  TestClient client(server);
  client.send("PING\nTESTEARLY\nPING\n");
  CHECK(client.read(16) == "PONG\nEARLY\nPONG\n");
}

TEST_CASE(
    "defer: a client that leaves is told of once, and an answer that comes too late is harmless") {
  RunningServer server(test_handlers());
  TestClient other(server);
  {
    TestClient leaving(server);
    leaving.send("TESTLATER b\n");
    wait_for_promise(other);
    leaving.reset();
  }
  std::string gone;
  for (int tries = 0; tries < 100'000 && gone != "1\n"; ++tries) gone = other.ask("TESTGONE");
  CHECK(gone == "1\n");
  CHECK(other.ask("TESTRELEASE b late") == "0\n");
}

TEST_CASE("defer: a client that has finished sending still gets its answer") {
  RunningServer server(test_handlers());
  TestClient waiting(server);
  waiting.send("TESTLATER c");
  waiting.finish_sending();
  TestClient other(server);
  wait_for_promise(other);
  CHECK(other.ask("TESTRELEASE c done") == "1\n");
  CHECK(waiting.read_to_end() == "done\n");
}

TEST_CASE("defer: a broken promise is an error reply, not silence") {
  RunningServer server(test_handlers());
  TestClient waiting(server);
  waiting.send("*2\r\n$9\r\nTESTLATER\r\n$1\r\nd\r\nPING\n");
  TestClient other(server);
  wait_for_promise(other);
  CHECK(other.ask("TESTDROP d") == "OK\n");
  CHECK(waiting.read_line() == "-ERR the handler gave no answer\r\n");
  CHECK(waiting.read_line() == "+PONG\r\n");
}

TEST_CASE("defer: one that waits for ever is answered with an error when the server stops") {
  RunningServer server(test_handlers(), "[deadlines]\ndrain = \"100ms\"\n");
  TestClient waiting(server);
  waiting.send("PING\nTESTLATER e\nPING\n");
  CHECK(waiting.read_line() == "PONG\n");
  server.stop();
  CHECK(waiting.read_to_end() == "(error) ERR the server has stopped before the reply was ready\n");
}

TEST_CASE("state: each connection has its own") {
  RunningServer server(test_handlers());
  TestClient one(server);
  TestClient two(server);
  CHECK(one.ask("TESTCOUNT") == "1\n");
  CHECK(one.ask("TESTCOUNT") == "2\n");
  CHECK(two.ask("TESTCOUNT") == "1\n");
}

TEST_CASE("push: messages come in the encoding of the subscription") {
  RunningServer server(test_handlers());
  TestClient plain(server);
  TestClient resp(server);
  CHECK(plain.ask("TESTFOLLOW") == "OK\n");
  resp.send("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n*1\r\n$10\r\nTESTFOLLOW\r\n");
  std::string greeting = resp.read_line();
  while (greeting != "+OK\r\n") greeting = resp.read_line();
  TestClient teller(server);
  teller.send("TESTTELL 3\n");
  CHECK(plain.read_line() == "news mmm\n");
  const std::string expected = ">2\r\n$4\r\nnews\r\n$3\r\nmmm\r\n";
  CHECK(resp.read(expected.size()) == expected);
}

TEST_CASE("push: to the connection's own request it comes behind the reply") {
  RunningServer server(test_handlers());
  TestClient client(server);
  client.send("*1\r\n$10\r\nTESTFOLLOW\r\n*2\r\n$8\r\nTESTTELL\r\n$1\r\n1\r\n");
  const std::string expected = "+OK\r\n*3\r\n:1\r\n:0\r\n:0\r\n*2\r\n$4\r\nnews\r\n$1\r\nm\r\n";
  CHECK(client.read(expected.size()) == expected);
}

TEST_CASE("push: a reader that does not read is bounded, and the others get theirs") {
  RunningServer server(test_handlers(), "[limits]\noutput_high_water = \"64KiB\"\n");
  TestClient slow(server, 4096);
  TestClient fast(server);
  CHECK(slow.ask("TESTFOLLOW") == "OK\n");
  CHECK(fast.ask("TESTFOLLOW") == "OK\n");
  TestClient teller(server);
  bool dropped = false;
  for (int i = 0; i < 2000 && !dropped; ++i) {
    teller.send("*2\r\n$8\r\nTESTTELL\r\n$5\r\n10000\r\n");
    CHECK(teller.read_line() == "*3\r\n");
    teller.read_line();
    dropped = teller.read_line() == ":1\r\n";
    teller.read_line();
    CHECK(fast.read_line().size() == std::string("news \n").size() + 10'000);
  }
  CHECK(dropped);
  slow.reset();
}

TEST_CASE("rules: a token that outlived its request does not keep the next one's promise") {
  RunningServer server(test_handlers());
  TestClient client(server);
  TestClient other(server);
  CHECK(client.ask("TESTBREAK needless").starts_with("(error) ERR internal error"));
  client.send("TESTLATER f\n");
  wait_for_promise(other);
  // Takes the place of the client's old token, which is destroyed by that.
  CHECK(other.ask("TESTBREAK needless").starts_with("(error) ERR internal error"));
  CHECK(other.ask("TESTRELEASE f mine") == "1\n");
  CHECK(client.read_line() == "mine\n");
}

TEST_CASE("end: a subscriber that is cut off by a second signal takes its state along") {
  RunningServer server(test_handlers());
  TestClient watching(server);
  CHECK(watching.ask("TESTFOLLOW") == "OK\n");
  CHECK(watching.ask("TESTCOUNT") == "1\n");
  watching.send("TESTLATER never\n");
  TestClient other(server);
  wait_for_promise(other);
  server.signal(SIGTERM);
  CHECK(other.read_to_end().empty());
  server.signal(SIGTERM);
  server.join();
  CHECK(server.logs("stopped at once"));
}

TEST_CASE("reload: deadlines.write_stall reaches the connections that are there") {
  RunningServer server(test_handlers(), "[deadlines]\nwrite_stall = \"5s\"\n");
  TestClient client(server);
  const std::string facts = client.ask("CLIENT INFO");
  const int fd = std::stoi(facts.substr(facts.find(" fd=") + 4));
  const auto user_timeout = [fd] {
    int value = -1;
    socklen_t size = sizeof value;
    ::getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &size);
    return value;
  };
  client.read_line();  // the end of a text of several lines
  CHECK(user_timeout() == 5000);
  server.signal(SIGHUP);
  for (int tries = 0; tries < 100'000 && user_timeout() == 5000; ++tries)
    CHECK(client.ask("PING") == "PONG\n");
  CHECK(user_timeout() == 30'000);
}
