// SPDX-License-Identifier: MIT
// PING, ECHO, QUIT, RESET, AUTH, HELLO and SELECT: replies and texts as Redis 7.0.15 gives them.
#include <doctest/doctest.h>

#include <string>

#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

using test::HandlerBench;

const std::string kHelloFields =
    "$6\r\nserver\r\n$8\r\nreactord\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n";
const std::string kHelloRest =
    "$2\r\nid\r\n:7\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n"
    "$7\r\nmodules\r\n*0\r\n";
const std::string kHello2 = "*14\r\n" + kHelloFields + "$5\r\nproto\r\n:2\r\n" + kHelloRest;
const std::string kHello3 = "%7\r\n" + kHelloFields + "$5\r\nproto\r\n:3\r\n" + kHelloRest;

struct ConnectionBench : HandlerBench {
  ConnectionBench() { service.fields["server"] = {{"x", "y"}, {"redis_version", "7.0.15"}}; }

  /// The name and version of the connection, which a failed HELLO must leave alone.
  std::string identity() {
    return std::string(context.own_session.name()) + "/" +
           std::to_string(context.own_session.protocol());
  }
};

TEST_CASE("PING and ECHO") {
  HandlerBench bench;
  CHECK(bench.send("PING") == "+PONG\r\n");
  CHECK(bench.send("ping hello") == "$5\r\nhello\r\n");
  CHECK(bench.request({"PING", ""}) == "$0\r\n\r\n");
  CHECK(bench.send("ECHO hello") == "$5\r\nhello\r\n");
  bench.encoding = ReplyEncoding::plain;
  CHECK(bench.send("PING") == "PONG\n");
}

TEST_CASE("QUIT answers and closes, whatever follows it") {
  HandlerBench bench;
  CHECK(bench.send("QUIT") == "+OK\r\n");
  CHECK(bench.result == HandlerResult::quit);
  CHECK(bench.send("QUIT now please") == "+OK\r\n");
}

TEST_CASE("AUTH speaks for a server without a password") {
  HandlerBench bench;
  CHECK(bench.send("AUTH secret") ==
        "-ERR AUTH <password> called without any password configured for the default user. Are "
        "you sure your configuration is correct?\r\n");
  CHECK(bench.send("AUTH default anything") == "+OK\r\n");
  const std::string wrong_pass =
      "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
  CHECK(bench.send("AUTH bob secret") == wrong_pass);
  CHECK(bench.send("AUTH DEFAULT secret") == wrong_pass);
}

TEST_CASE("AUTH and HELLO log in as a user, and wait for the result where it comes later") {
  ConnectionBench bench;
  bench.service.fake_logins.passwords = {{"alice", "horse"}, {"default", "d"}};
  CHECK(bench.send("AUTH alice horse") == "+OK\r\n");
  CHECK(bench.send("AUTH alice house").starts_with("-WRONGPASS"));
  CHECK(bench.send("AUTH d") == "+OK\r\n");
  CHECK(bench.send("HELLO 3 AUTH alice horse SETNAME worker") == kHello3);
  bench.service.fake_logins.is_late = true;
  for (const std::string_view line : {"AUTH alice horse", "HELLO 2 AUTH alice horse SETNAME other",
                                      "HELLO 2 AUTH alice x SETNAME none"}) {
    CHECK(bench.send(line) == "");
    CHECK(bench.result == HandlerResult::pending);
  }
  CHECK(bench.identity() == "worker/3");
  bench.service.fake_logins.finish(bench.context.own_session);
  CHECK(bench.context.take_output() ==
        "+OK\r\n" + kHello2 + "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  CHECK(bench.identity() == "other/2");
  bench.service.fake_logins.is_late = false;
  bench.service.fake_logins.is_busy = true;
  CHECK(bench.send("AUTH alice horse").starts_with("-BUSY "));
  bench.service.fake_logins.is_busy = false;
  bench.service.fake_logins.limit = "LIMIT too many connections of your user";
  CHECK(bench.send("AUTH alice horse") == "-LIMIT too many connections of your user\r\n");
  CHECK(bench.send("HELLO 3 AUTH alice horse SETNAME none") ==
        "-LIMIT too many connections of your user\r\n");
  CHECK(bench.identity() == "other/2");
  CHECK(bench.send("RESET") == "+RESET\r\n");
  CHECK(bench.service.fake_logins.begun_again == std::vector<std::uint64_t>{7});
}

TEST_CASE("ACL tells who there is, without a hash") {
  HandlerBench bench;
  CHECK(bench.send("ACL LIST") == "*1\r\n$34\r\nuser default on nopass ~* &* +@all\r\n");
  CHECK(bench.send("ACL USERS") == "*1\r\n$7\r\ndefault\r\n");
}

TEST_CASE("SELECT knows the database 0 alone") {
  HandlerBench bench;
  CHECK(bench.send("SELECT 0") == "+OK\r\n");
  for (const std::string_view index : {"1", "16", "-1", "9223372036854775807"}) {
    CHECK(bench.request({"SELECT", index}) == "-ERR DB index is out of range\r\n");
  }
  for (const std::string_view index : {"x", "", "00", "-0", "+0", "0 ", "99999999999999999999"}) {
    CAPTURE(index);
    CHECK(bench.request({"SELECT", index}) == "-ERR value is not an integer or out of range\r\n");
  }
}

TEST_CASE("HELLO switches the version and describes the server") {
  ConnectionBench bench;
  CHECK(bench.send("HELLO") == kHello2);
  CHECK(bench.send("HELLO 3") == kHello3);
  CHECK(bench.context.own_session.protocol() == 3);
  bench.encoding = ReplyEncoding::resp3;
  CHECK(bench.send("HELLO") == kHello3);
  CHECK(bench.send("hello 2") == kHello2);
  CHECK(bench.context.own_session.protocol() == 2);
}

TEST_CASE("HELLO 2 is refused while messages are pushed in RESP3") {
  ConnectionBench bench;
  bench.send("HELLO 3");
  bench.encoding = ReplyEncoding::resp3;
  bench.context.subscribed = true;
  const std::string error =
      "-ERR messages are pushed to this connection, which needs RESP3: end that first, or send "
      "RESET\r\n";
  CHECK(bench.send("HELLO 2 SETNAME other") == error);
  CHECK(bench.context.own_session.protocol() == 3);
  CHECK(bench.context.own_session.name() == "");
  CHECK(bench.send("HELLO") == kHello3);
  CHECK(bench.send("HELLO 3") == kHello3);
  bench.context.subscribed = false;
  CHECK(bench.send("HELLO 2") == kHello2);
}

TEST_CASE("HELLO leaves plain replies plain") {
  ConnectionBench bench;
  bench.encoding = ReplyEncoding::plain;
  CHECK(bench.send("HELLO 3").find('%') == std::string::npos);
  CHECK(bench.context.own_session.protocol() == 3);
}

TEST_CASE("HELLO takes options") {
  ConnectionBench bench;
  CHECK(bench.send("HELLO 3 AUTH default x SETNAME worker") == kHello3);
  CHECK(bench.identity() == "worker/3");
  CHECK(bench.request({"HELLO", "2", "setname", ""}) == kHello2);
  CHECK(bench.identity() == "/2");
}

TEST_CASE("a bad HELLO changes nothing") {
  struct Row {
    std::string_view line;
    std::string_view reply;
  };
  const Row rows[] = {
      {"HELLO 4", "-NOPROTO unsupported protocol version\r\n"},
      {"HELLO 1", "-NOPROTO unsupported protocol version\r\n"},
      {"HELLO -3", "-NOPROTO unsupported protocol version\r\n"},
      {"HELLO x", "-ERR Protocol version is not an integer or out of range\r\n"},
      {"HELLO 99999999999999999999", "-ERR Protocol version is not an integer or out of range\r\n"},
      {"HELLO AUTH default x", "-ERR Protocol version is not an integer or out of range\r\n"},
      {"HELLO 3 AUTH", "-ERR Syntax error in HELLO option 'AUTH'\r\n"},
      {"HELLO 3 AUTH default", "-ERR Syntax error in HELLO option 'AUTH'\r\n"},
      {"HELLO 3 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'\r\n"},
      {"HELLO 3 SETNAME new FOO", "-ERR Syntax error in HELLO option 'FOO'\r\n"},
      {"HELLO 3 SETNAME new AUTH bob x",
       "-WRONGPASS invalid username-password pair or user is disabled.\r\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    ConnectionBench bench;
    bench.send("CLIENT SETNAME old");
    CHECK(bench.send(row.line) == row.reply);
    CHECK(bench.identity() == "old/2");
  }
  ConnectionBench bench;
  CHECK(bench.request({"HELLO", "3", "SETNAME", "a b"}) ==
        "-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
  CHECK(bench.identity() == "/2");
}

TEST_CASE("RESET takes the connection back to how it began") {
  HandlerBench bench;
  bench.context.own_session.set_library_name("lib");
  bench.send("CLIENT SETNAME worker");
  bench.send("HELLO 3");
  bench.send("CLIENT REPLY OFF");
  bench.encoding = ReplyEncoding::resp3;
  CHECK(bench.send("RESET") == "+RESET\r\n");
  const Session& session = bench.context.own_session;
  CHECK(session.protocol() == 2);
  CHECK(session.name().empty());
  CHECK(session.reply_mode() == ReplyMode::on);
  CHECK(session.library_name() == "lib");
}

}  // namespace
}  // namespace reactord
