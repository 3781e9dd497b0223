// SPDX-License-Identifier: MIT
// CLIENT: fields, filters and texts as Redis 7 has them.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

using test::HandlerBench;
using Ids = std::vector<std::uint64_t>;

ClientFacts client(std::uint64_t id, std::string peer) {
  ClientFacts facts;
  facts.id = id;
  facts.peer = std::move(peer);
  facts.local = "127.0.0.1:12345";
  facts.fd = static_cast<int>(id);
  facts.age = std::chrono::seconds(10 * static_cast<int>(id));
  facts.last_command = "ping";
  facts.user = "default";
  return facts;
}

/// Three clients; the one that asks is 7.
struct ClientBench : HandlerBench {
  ClientBench() {
    service.clients = {client(5, "127.0.0.1:1005"), client(7, "127.0.0.1:1007"),
                       client(9, "[::1]:1009")};
    service.clients[2].subscribed = true;
    service.clients[2].local = "[::1]:12345";
    encoding = ReplyEncoding::raw;
  }

  Ids listed(std::string_view line) {
    const std::string lines = send(line);
    Ids ids;
    std::size_t at = 0;
    while (at < lines.size()) {
      REQUIRE(lines.compare(at, 3, "id=") == 0);
      ids.push_back(std::stoull(lines.substr(at + 3, 20)));
      at = lines.find('\n', at) + 1;
      REQUIRE(at != 0);
    }
    return ids;
  }

  /// Whom a request killed, its reply left aside.
  Ids killed(std::string_view line) {
    service.killed.clear();
    reply = send(line);
    return service.killed;
  }
  std::string reply;
};

TEST_CASE("CLIENT ID") {
  HandlerBench bench;
  CHECK(bench.send("CLIENT ID") == ":7\r\n");
}

TEST_CASE("CLIENT SETNAME and GETNAME") {
  HandlerBench bench;
  CHECK(bench.send("CLIENT GETNAME") == "$-1\r\n");
  CHECK(bench.send("CLIENT SETNAME worker-1") == "+OK\r\n");
  CHECK(bench.send("CLIENT GETNAME") == "$8\r\nworker-1\r\n");
  for (const std::string_view bad : {"a b", "a\n", "\x7f", "\xc3\xa9"}) {
    CHECK(bench.request({"CLIENT", "SETNAME", bad}) ==
          "-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
  }
  CHECK(bench.request({"CLIENT", "SETNAME", std::string(257, 'x')}) ==
        "-ERR Client names cannot be longer than 256 bytes.\r\n");
  CHECK(bench.send("CLIENT GETNAME") == "$8\r\nworker-1\r\n");
  CHECK(bench.request({"CLIENT", "SETNAME", ""}) == "+OK\r\n");
  CHECK(bench.send("CLIENT GETNAME") == "$-1\r\n");
  bench.encoding = ReplyEncoding::resp3;
  CHECK(bench.send("CLIENT GETNAME") == "_\r\n");
}

TEST_CASE("CLIENT SETINFO") {
  HandlerBench bench;
  CHECK(bench.send("CLIENT SETINFO LIB-NAME redis-py") == "+OK\r\n");
  CHECK(bench.send("CLIENT SETINFO lib-ver 5.0") == "+OK\r\n");
  CHECK(bench.context.own_session.library_name() == "redis-py");
  CHECK(bench.context.own_session.library_version() == "5.0");
  CHECK(bench.send("CLIENT SETINFO LIB-AGE 5") == "-ERR Unrecognized option 'LIB-AGE'\r\n");
  CHECK(bench.request({"CLIENT", "SETINFO", "LIB-NAME", "a b"}) ==
        "-ERR LIB-NAME cannot contain spaces, newlines or special characters.\r\n");
  CHECK(bench.context.own_session.library_name() == "redis-py");
}

TEST_CASE("CLIENT REPLY") {
  HandlerBench bench;
  const Session& session = bench.context.own_session;
  bench.send("CLIENT REPLY SKIP");
  CHECK(session.reply_mode() == ReplyMode::skip_next);
  bench.send("CLIENT REPLY off");
  CHECK(session.reply_mode() == ReplyMode::off);
  bench.send("CLIENT REPLY SKIP");
  CHECK(session.reply_mode() == ReplyMode::off);
  CHECK(bench.send("CLIENT REPLY ON") == "+OK\r\n");
  CHECK(session.reply_mode() == ReplyMode::on);
  CHECK(bench.send("CLIENT REPLY maybe") == "-ERR syntax error\r\n");
}

TEST_CASE("a client is described with Redis' field names") {
  ClientBench bench;
  ClientFacts& facts = bench.service.clients[1];
  facts.name = "worker";
  facts.library_name = "redis-py";
  facts.library_version = "5.0";
  facts.idle = std::chrono::seconds(3);
  facts.protocol = 3;
  facts.input_bytes = 10;
  facts.output_bytes = 20;
  facts.memory_bytes = 300;
  facts.last_command = "client|info";
  facts.commands = 12;
  facts.bytes_received = 900;
  facts.worked = 34us;
  facts.latency = 56us;
  facts.longest_latency = 9us;
  facts.latest_error = "NOAUTH";
  facts.bytes_sent = 700;
  CHECK(bench.send("CLIENT INFO") ==
        "id=7 addr=127.0.0.1:1007 laddr=127.0.0.1:12345 fd=7 name=worker age=70 idle=3 flags=N "
        "db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=10 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 "
        "obl=20 oll=0 omem=0 tot-mem=300 events=rw cmd=client|info user=default redir=-1 resp=3 "
        "lib-name=redis-py lib-ver=5.0 tot-net-in=900 tot-net-out=700 tot-cmds=12 "
        "tot-cpu-usec=34 tot-latency-usec=56 max-latency-usec=9 last-error=NOAUTH listener=\n");
}

TEST_CASE("a client is described with its listener, and the process at a Unix socket") {
  ClientBench bench;
  ClientFacts& facts = bench.service.clients[1];
  facts.listener = "web";
  CHECK(bench.send("CLIENT INFO")
            .ends_with(" tot-cpu-usec=0 tot-latency-usec=0 max-latency-usec=0 last-error= "
                       "listener=web\n"));
  facts.peer_pid = 42;
  facts.peer_uid = 0;
  CHECK(bench.send("CLIENT INFO").ends_with(" listener=web peer-pid=42 peer-uid=0\n"));
}

TEST_CASE("a client's state is a flag") {
  ClientBench bench;
  const auto flags = [&bench] {
    const std::string line = bench.send("CLIENT INFO");
    const std::size_t at = line.find("flags=") + 6;
    return line.substr(at, line.find(' ', at) - at);
  };
  ClientFacts& facts = bench.service.clients[1];
  CHECK(flags() == "N");
  facts.pending = true;
  CHECK(flags() == "b");
  facts.closing = true;
  facts.subscribed = true;
  facts.peer = "unix:/run/reactord.sock";
  CHECK(flags() == "bcPU");
}

TEST_CASE("who asks for CLIENT LIST does not show as blocked by it") {
  ClientBench bench;
  for (ClientFacts& facts : bench.service.clients) facts.pending = true;
  CHECK(bench.send("CLIENT LIST ID 7").find(" flags=N ") != std::string::npos);
  CHECK(bench.send("CLIENT LIST ID 5").find(" flags=b ") != std::string::npos);
}

TEST_CASE("CLIENT LIST filters") {
  ClientBench bench;
  CHECK(bench.listed("CLIENT LIST") == Ids{5, 7, 9});
  CHECK(bench.listed("CLIENT LIST TYPE normal") == Ids{5, 7});
  CHECK(bench.listed("CLIENT LIST type PUBSUB") == Ids{9});
  CHECK(bench.listed("CLIENT LIST TYPE master").empty());
  CHECK(bench.listed("CLIENT LIST TYPE slave").empty());
  CHECK(bench.listed("CLIENT LIST ID 9 1 5") == Ids{9, 5});
  CHECK(bench.listed("CLIENT LIST ID 0 -1").empty());
  CHECK(bench.send("CLIENT LIST TYPE foo") == "ERR Unknown client type 'foo'");
  CHECK(bench.send("CLIENT LIST ID x") == "ERR Invalid client ID");
  for (const std::string_view line : {"CLIENT LIST TYPE", "CLIENT LIST ID", "CLIENT LIST FOO",
                                      "CLIENT LIST FOO bar", "CLIENT LIST TYPE normal ID 5"}) {
    CAPTURE(line);
    CHECK(bench.send(line) == "ERR syntax error");
  }
}

TEST_CASE("CLIENT LIST is text that people and RESP3 clients can read") {
  ClientBench bench;
  bench.encoding = ReplyEncoding::resp3;
  CHECK(bench.send("CLIENT LIST ID 5").find("\r\ntxt:id=5 ") != std::string::npos);
  bench.encoding = ReplyEncoding::plain;
  CHECK(bench.send("CLIENT LIST ID 5").ends_with("listener=\n\n"));
}

TEST_CASE("CLIENT LIST walks a few clients a turn") {
  ClientBench bench;
  bench.service.clients.assign(10'000, client(5, "127.0.0.1:1005"));
  CHECK(bench.listed("CLIENT LIST").size() == 10'000);
  CHECK(bench.slices >= 10'000 / 100);
  CHECK(bench.service.clients_walked == 10'000);
}

TEST_CASE("lists in the making share a bound on memory") {
  ClientBench bench;
  bench.service.clients.assign(100'000, client(5, std::string(1000, 'x')));
  CHECK(bench.send("CLIENT LIST") ==
        "ERR too many client lists are being written at once; try again later");
  // What was taken is given back.
  bench.service.clients.resize(1);
  CHECK(bench.listed("CLIENT LIST") == Ids{5});
}

TEST_CASE("CLIENT KILL by address, as it was first") {
  ClientBench bench;
  CHECK(bench.killed("CLIENT KILL 127.0.0.1:1005") == Ids{5});
  CHECK(bench.reply == "OK");
  CHECK(bench.service.logged ==
        std::vector<std::string>{
            "CLIENT KILL by 127.0.0.1:50000 (client 7) closes 1 of the clients"});
  CHECK(bench.killed("CLIENT KILL 1.2.3.4:5").empty());
  CHECK(bench.service.logged.size() == 1);
  CHECK(bench.reply == "ERR No such client");
  CHECK(bench.killed("CLIENT KILL 127.0.0.1:1007") == Ids{7});
  CHECK(bench.reply == "OK");
}

TEST_CASE("CLIENT KILL by filters") {
  struct Row {
    std::string_view line;
    Ids killed;
  };
  const Row rows[] = {
      {"CLIENT KILL ID 5", {5}},
      {"CLIENT KILL ID 7", {}},
      {"CLIENT KILL ID 7 SKIPME no", {7}},
      {"CLIENT KILL ID 999999", {}},
      {"CLIENT KILL TYPE pubsub", {9}},
      {"CLIENT KILL TYPE normal", {5}},
      {"CLIENT KILL TYPE normal SKIPME NO", {5, 7}},
      {"CLIENT KILL USER default", {5, 9}},
      {"CLIENT KILL ADDR [::1]:1009", {9}},
      {"CLIENT KILL LADDR 127.0.0.1:12345", {5}},
      {"CLIENT KILL MAXAGE 60", {9}},
      {"CLIENT KILL MAXAGE 50", {5, 9}},
      {"CLIENT KILL skipme yes", {5, 9}},
      {"CLIENT KILL ID 5 TYPE pubsub", {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    ClientBench bench;
    CHECK(bench.killed(row.line) == row.killed);
    CHECK(bench.reply == std::to_string(row.killed.size()));
  }
}

TEST_CASE("CLIENT KILL refuses what it does not understand, and then ends nobody") {
  struct Row {
    std::string_view line;
    std::string_view reply;
  };
  const Row rows[] = {
      {"CLIENT KILL ID x", "ERR client-id should be greater than 0"},
      {"CLIENT KILL ID 0", "ERR client-id should be greater than 0"},
      {"CLIENT KILL TYPE foo", "ERR Unknown client type 'foo'"},
      {"CLIENT KILL USER bob", "ERR No such user 'bob'"},
      {"CLIENT KILL SKIPME maybe", "ERR syntax error"},
      {"CLIENT KILL SKIPME yes ID", "ERR syntax error"},
      {"CLIENT KILL FOO bar", "ERR syntax error"},
      {"CLIENT KILL a b c", "ERR syntax error"},
      {"CLIENT KILL MAXAGE x", "ERR maxage is not an integer or out of range"},
      {"CLIENT KILL MAXAGE 9223372036854775807", "ERR maxage is not an integer or out of range"},
      {"CLIENT KILL MAXAGE 0", "ERR maxage should be greater than 0"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    ClientBench bench;
    CHECK(bench.killed(row.line).empty());
    CHECK(bench.reply == row.reply);
  }
}

TEST_CASE("who kills itself is answered first") {
  ClientBench bench;
  CHECK(bench.killed("CLIENT KILL TYPE normal SKIPME no") == Ids{5, 7});
  CHECK(bench.killed_before_reply == Ids{5});
  CHECK(bench.reply == "2");
}

TEST_CASE("CLIENT PAUSE and UNPAUSE ask the daemon, and tell for whom") {
  HandlerBench bench;
  CHECK(bench.send("CLIENT PAUSE 100") == "+OK\r\n");
  CHECK(bench.send("CLIENT PAUSE 3600000 all") == "+OK\r\n");
  CHECK(bench.send("CLIENT UNPAUSE") == "+OK\r\n");
  const std::string who = " by 127.0.0.1:50000 (client 7)";
  CHECK(bench.service.asked == std::vector<std::string>{"pause of 100 ms" + who,
                                                        "pause of 3600000 ms" + who,
                                                        "no pause" + who});
  CHECK(bench.send("CLIENT PAUSE 3600001") == "-ERR timeout is not an integer or out of range\r\n");
  CHECK(bench.send("CLIENT PAUSE 1 READ") == "-ERR CLIENT PAUSE mode must be ALL\r\n");
  CHECK(bench.send("CLIENT PAUSE 1 write") ==
        "-ERR CLIENT PAUSE WRITE: no command here says whether it writes; ALL pauses all\r\n");
  CHECK(bench.service.asked.size() == 3);
}

TEST_CASE("CLIENT HELP lists what is allowed") {
  HandlerBench bench;
  const std::string all = bench.send("CLIENT HELP");
  CHECK(all.starts_with(
      "*29\r\n+CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n"));
  CHECK(all.find("+SETNAME name\r\n+    Names this connection.\r\n") != std::string::npos);
  CHECK(all.find("+KILL ") != std::string::npos);
  bench.context.allowed = {};
  bench.context.allowed.allow(CommandClass::public_);
  const std::string to_all = bench.send("CLIENT HELP");
  CHECK(to_all.find("+KILL ") == std::string::npos);
  CHECK(to_all.find("+LIST ") == std::string::npos);
  CHECK(to_all.find("+ID\r\n") != std::string::npos);
}

TEST_CASE("CLIENT NO-TOUCH changes nothing: there are no keys") {
  ClientBench bench;
  CHECK(bench.send("CLIENT NO-TOUCH ON") == "OK");
  CHECK(bench.send("client no-touch off") == "OK");
  CHECK(bench.send("CLIENT NO-TOUCH maybe") == "ERR syntax error");
}

TEST_CASE("CLIENT NO-EVICT is for administrators, and RESET ends it") {
  ClientBench bench;
  CHECK(bench.send("CLIENT NO-EVICT ON") == "OK");
  CHECK(bench.context.own_session.is_no_evict());
  CHECK(bench.send("CLIENT NO-EVICT OFF") == "OK");
  CHECK_FALSE(bench.context.own_session.is_no_evict());
  CHECK(bench.send("CLIENT NO-EVICT maybe") == "ERR syntax error");
  bench.send("CLIENT NO-EVICT ON");
  bench.context.own_session.reset();
  CHECK_FALSE(bench.context.own_session.is_no_evict());
  CommandClasses only_public;
  only_public.allow(CommandClass::public_);
  bench.context.allowed = only_public;
  CHECK(bench.send("CLIENT NO-EVICT OFF") == "OK");
  CHECK(bench.send("CLIENT NO-EVICT ON") ==
        "ERR CLIENT NO-EVICT ON is for administrators: send it to an admin listener");
  CHECK_FALSE(bench.context.own_session.is_no_evict());
}

}  // namespace
}  // namespace reactord
