// SPDX-License-Identifier: MIT
// MULTI ... EXEC through a running server: what is answered at once, later, or at length. What
// Redis answers is held in tests/integration/transactions_test.py.
#include <doctest/doctest.h>

#include "daemon/dispatch/transaction.h"
#include "tests/unit/support/running_server.h"
#include "tests/unit/support/test_handlers.h"

using namespace reactord;
using reactord::test::RunningServer;
using reactord::test::test_handlers;
using reactord::test::TestClient;

namespace {

/// As a client library sends it.
std::string resp(std::initializer_list<std::string_view> words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words)
    bytes += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
  return bytes;
}

std::string exchange(TestClient& client, const std::string& requests, const std::string& expected) {
  client.send(requests);
  return client.read(expected.size());
}

void wait_for_promises(TestClient& client, int number) {
  const std::string expected = std::to_string(number) + "\n";
  for (int tries = 0; tries < 100'000 && client.ask("TESTWAITING") != expected; ++tries) continue;
}

const std::string kQueued = "+QUEUED\r\n";

}  // namespace

TEST_CASE("transaction: replies come in one array, in order") {
  RunningServer server(test_handlers());
  TestClient client(server);
  const std::string expected =
      "+OK\r\n" + kQueued + kQueued + kQueued + "*3\r\n+PONG\r\n:5\r\n+EARLY\r\n+PONG\r\n";
  CHECK(exchange(client,
                 resp({"MULTI"}) + resp({"PING"}) + resp({"CEIL", "4.4"}) + resp({"TESTEARLY"}) +
                     resp({"EXEC"}) + resp({"PING"}),
                 expected) == expected);
}

TEST_CASE("transaction: what is answered later keeps its place, and all are called at once") {
  RunningServer server(test_handlers());
  TestClient client(server);
  TestClient other(server);
  const std::string queued = "+OK\r\n" + kQueued + kQueued + kQueued + kQueued;
  CHECK(exchange(client,
                 resp({"MULTI"}) + resp({"TESTLATER", "a"}) + resp({"PING"}) +
                     resp({"TESTLATER", "b"}) + resp({"TESTCOUNT"}) + resp({"EXEC"}) +
                     resp({"PING"}),
                 queued) == queued);
  wait_for_promises(other, 2);
  CHECK(other.ask("TESTRELEASE b second") == "1\n");
  CHECK(other.ask("PING") == "PONG\n");
  CHECK(other.ask("TESTRELEASE a first") == "1\n");
  const std::string expected = "*4\r\n$5\r\nfirst\r\n+PONG\r\n$6\r\nsecond\r\n:1\r\n+PONG\r\n";
  CHECK(client.read(expected.size()) == expected);
}

TEST_CASE("transaction: one of its requests may keep another's promise") {
  RunningServer server(test_handlers());
  TestClient client(server);
  const std::string expected = "+OK\r\n" + kQueued + kQueued + "*2\r\n$2\r\nhi\r\n:1\r\n+PONG\r\n";
  CHECK(exchange(client,
                 resp({"MULTI"}) + resp({"TESTLATER", "a"}) + resp({"TESTRELEASE", "a", "hi"}) +
                     resp({"EXEC"}) + resp({"PING"}),
                 expected) == expected);
}

TEST_CASE("transaction: long replies are elements, too, also in plain text") {
  RunningServer server(test_handlers());
  TestClient client(server);
  client.send("MULTI\nCOMMAND INFO ping nosuch\nPING\nECHO 'a b'\nEXEC\nPING\n");
  std::string text;
  for (std::string line; line != "PONG\n" || text.find("a b\n\n") == std::string::npos;) {
    line = client.read_line();
    if (line.empty()) break;
    text += line;
  }
  CHECK(text.starts_with("OK\nQUEUED\nQUEUED\nQUEUED\n- - ping\n"));
  CHECK(text.ends_with("  (nil)\nPONG\na b\n\nPONG\n"));
}

TEST_CASE("transaction: a handler that fails costs its element") {
  RunningServer server(test_handlers());
  TestClient client(server);
  client.send(resp({"MULTI"}) + resp({"TESTBREAK", "half"}) + resp({"TESTBREAK", "throw-late"}) +
              resp({"TESTBREAK", "producer-half"}) + resp({"PING"}) + resp({"EXEC"}));
  for (int i = 0; i < 5; ++i) client.read_line();
  CHECK(client.read_line() == "*4\r\n");
  for (int i = 0; i < 3; ++i) CHECK(client.read_line().starts_with("-ERR internal error"));
  CHECK(client.read_line() == "+PONG\r\n");
}

TEST_CASE("transaction: a client that leaves is told of to every promise") {
  RunningServer server(test_handlers());
  TestClient other(server);
  {
    TestClient leaving(server);
    leaving.send("MULTI\nTESTLATER a\nTESTLATER b\nEXEC\n");
    wait_for_promises(other, 2);
    leaving.reset();
  }
  std::string gone;
  for (int tries = 0; tries < 100'000 && gone != "2\n"; ++tries) gone = other.ask("TESTGONE");
  CHECK(gone == "2\n");
  CHECK(other.ask("TESTRELEASE a late") == "0\n");
}

TEST_CASE("transaction: it is bounded in number, and EXEC refuses what was too much") {
  RunningServer server(test_handlers());
  TestClient client(server);
  std::string requests = resp({"MULTI"});
  std::string expected = "+OK\r\n";
  for (std::size_t i = 0; i < Transactions::kMaxRequests; ++i) {
    requests += resp({"PING"});
    expected += kQueued;
  }
  CHECK(exchange(client, requests, expected) == expected);
  client.send(resp({"PING"}));
  CHECK(client.read_line() == "-ERR a transaction may have 1000 commands at most\r\n");
  client.send(resp({"EXEC"}));
  CHECK(client.read_line() == "-EXECABORT Transaction discarded because of previous errors.\r\n");
  CHECK(client.ask("PING") != "");
}

TEST_CASE("transaction: it is bounded in bytes, which the connection accounts for") {
  RunningServer server(test_handlers(), "[limits]\nmax_frame = \"64KiB\"\n");
  TestClient client(server);
  const std::string word(20'000, 'x');
  client.send(resp({"MULTI"}) + resp({"ECHO", word}));
  CHECK(client.read_line() == "+OK\r\n");
  CHECK(client.read_line() == kQueued);
  TestClient other(server);
  other.send(resp({"CLIENT", "LIST"}) + resp({"QUIT"}));
  const std::string list = other.read_to_end();
  const std::size_t at = list.find(" tot-mem=");
  REQUIRE(at != std::string::npos);
  CHECK(std::stoul(list.substr(at + 9)) > word.size());
  std::string reply = kQueued;
  for (int i = 0; i < 4 && reply == kQueued; ++i) {
    client.send(resp({"ECHO", word}));
    reply = client.read_line();
  }
  CHECK(reply ==
        "-ERR the commands of a transaction may take 65536 bytes together at most "
        "(limits.max_frame)\r\n");
}

TEST_CASE("replies: what comes later is silent where CLIENT REPLY OFF was said before") {
  RunningServer server(test_handlers());
  TestClient client(server);
  TestClient other(server);
  client.send(resp({"CLIENT", "REPLY", "OFF"}) + resp({"TESTLATER", "a"}) +
              resp({"COMMAND", "COUNT"}) + resp({"CLIENT", "LIST"}) + resp({"MULTI"}) +
              resp({"TESTLATER", "b"}) + resp({"EXEC"}) + resp({"CLIENT", "REPLY", "ON"}) +
              resp({"PING"}));
  wait_for_promises(other, 1);
  CHECK(other.ask("TESTRELEASE a unheard") == "1\n");
  wait_for_promises(other, 1);
  CHECK(other.ask("TESTRELEASE b unheard") == "1\n");
  CHECK(client.read(12) == "+OK\r\n+PONG\r\n");
}

TEST_CASE("replies: CLIENT REPLY SKIP is for one, also where that comes later") {
  RunningServer server(test_handlers());
  TestClient client(server);
  TestClient other(server);
  client.send(resp({"CLIENT", "REPLY", "SKIP"}) + resp({"TESTLATER", "a"}) + resp({"PING"}));
  wait_for_promises(other, 1);
  CHECK(other.ask("TESTRELEASE a unheard") == "1\n");
  CHECK(client.read(7) == "+PONG\r\n");
}
