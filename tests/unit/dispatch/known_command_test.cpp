// SPDX-License-Identifier: MIT
// Requests that begin as the one before are called without a second look at their name and number
// of arguments: what such a look would have told must hold all the same. That another listener may
// not allow the command is held in tests/integration/admin_test.py.
#include <doctest/doctest.h>

#include "tests/unit/support/running_server.h"
#include "tests/unit/support/test_handlers.h"

using namespace reactord;
using reactord::test::RunningServer;
using reactord::test::test_handlers;
using reactord::test::TestClient;

namespace {

/// All requests in one pipeline, on a connection of their own.
std::string replies_to(const RunningServer& server, const std::string& requests) {
  TestClient client(server);
  client.send(requests + "*1\r\n$4\r\nQUIT\r\n");
  return client.read_to_end();
}

const std::string kPing = "*1\r\n$4\r\nPING\r\n";
const std::string kPingX = "*2\r\n$4\r\nPING\r\n$1\r\nx\r\n";
const std::string kBadCeil = "*2\r\n$4\r\nCEIL\r\n$1\r\nx\r\n";

}  // namespace

TEST_CASE("known commands: the same name with another number of arguments") {
  RunningServer server(test_handlers());
  const std::string too_many = "*3\r\n$4\r\nPING\r\n$1\r\nx\r\n$1\r\nx\r\n";
  const std::string refused = "-ERR wrong number of arguments for 'ping' command\r\n";
  CHECK(replies_to(server, kPing + kPing + kPingX + kPingX + too_many + too_many + kPing) ==
        "+PONG\r\n+PONG\r\n$1\r\nx\r\n$1\r\nx\r\n" + refused + refused + "+PONG\r\n+OK\r\n");
}

TEST_CASE("known commands: the first word does not tell which subcommand it is") {
  RunningServer server(test_handlers());
  const std::string name = "*2\r\n$6\r\nCLIENT\r\n$7\r\nGETNAME\r\n";
  const std::string none = "*2\r\n$6\r\nCLIENT\r\n$4\r\nNONE\r\n";
  const std::string unknown = "-ERR unknown subcommand 'NONE'. Try CLIENT HELP.\r\n";
  CHECK(replies_to(server, name + none + none + name) ==
        "$-1\r\n" + unknown + unknown + "$-1\r\n+OK\r\n");
}

TEST_CASE("known commands: each error is counted, once") {
  RunningServer server(test_handlers());
  const std::string info = "*2\r\n$4\r\nINFO\r\n$10\r\nerrorstats\r\n";
  const std::string unknown = "*1\r\n$4\r\nNONE\r\n";
  const std::string text =
      replies_to(server, kBadCeil + kBadCeil + kBadCeil + unknown + unknown + info);
  CHECK(text.find("errorstat_ERR:count=5\r\n") != std::string::npos);
}

TEST_CASE("known commands: a run is silent from the middle on, and queued from the middle on") {
  RunningServer server(test_handlers());
  const std::string off = "*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n";
  const std::string on = "*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$2\r\nON\r\n";
  CHECK(replies_to(server, kPing + kPing + off + kPing + kPing + on + kPing) ==
        "+PONG\r\n+PONG\r\n+OK\r\n+PONG\r\n+OK\r\n");
  const std::string multi = "*1\r\n$5\r\nMULTI\r\n";
  const std::string exec = "*1\r\n$4\r\nEXEC\r\n";
  CHECK(replies_to(server, kPing + multi + kPing + kPing + exec + kPing) ==
        "+PONG\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+PONG\r\n+PONG\r\n+PONG\r\n+OK\r\n");
}
