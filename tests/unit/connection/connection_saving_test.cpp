// SPDX-License-Identifier: MIT
// A connection that goes on in another process: its client notices nothing.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "daemon/connection/connection.h"
#include "tests/unit/support/connection_bench.h"
#include "tests/unit/support/resp_text.h"

using namespace reactord;
using namespace std::chrono_literals;
using reactord::test::bulk;
using reactord::test::ConnectionBench;
using reactord::test::echo;
using Movable = Connection::Movable;

TEST_CASE("saved connection: at every byte of a conversation, and the replies stay the same") {
  const std::string input =
      "ECHO one\n" + echo("two") + "\r\nECHO three\r\n" + echo(std::string(3000, 'x'));
  ConnectionBench whole;
  whole.receive(input);
  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    CAPTURE(cut);
    ConnectionBench bench;
    if (cut > 0) bench.receive(input.substr(0, cut));
    REQUIRE(bench.change_process());
    if (cut < input.size()) bench.receive(input.substr(cut));
    CHECK(bench.script.sent == whole.script.sent);
    CHECK(bench.served == whole.served);
    CHECK(bench.connection->bytes_received() == input.size());
    CHECK(bench.connection->bytes_sent() == whole.script.sent.size());
    bench.finish();
    CHECK(bench.ends == std::vector{CloseReason::closed_by_client});
    CHECK(bench.memory == 0);
  }
}

TEST_CASE("saved connection: unsent output goes along, at every byte of it") {
  const std::string reply = bulk(std::string(300, 'x'));
  for (std::size_t taken = 1; taken < reply.size(); ++taken) {
    CAPTURE(taken);
    ConnectionBench bench;
    bench.script.accepts = {taken, 0, 0, 0};
    bench.receive(echo(std::string(300, 'x')));
    REQUIRE(bench.connection->output_bytes() == reply.size() - taken);
    bench.script.accepts.clear();
    bench.script.blocks_sends = true;
    REQUIRE(bench.change_process());
    CHECK(bench.connection->output_bytes() == reply.size() - taken);
    bench.script.blocks_sends = false;
    bench.turn({.writable = true});
    CHECK(bench.script.sent == reply);
  }
}

TEST_CASE("saved connection: frames that wait for a slow reader are served behind their replies") {
  ConnectionBench bench;
  bench.loop_context.output_high_water = 1000;
  bench.script.blocks_sends = true;
  std::string all;
  for (int i = 0; i < 30; ++i) all += echo(std::string(100, static_cast<char>('a' + i % 26)));
  bench.receive(all);
  REQUIRE(bench.served.size() < 30);
  REQUIRE(bench.change_process());
  bench.script.blocks_sends = false;
  bench.turn({.writable = true});
  CHECK(bench.served.size() == 30);
  ConnectionBench whole;
  whole.receive(all);
  CHECK(bench.script.sent == whole.script.sent);
}

namespace {

/// Two seconds before its end it goes to another process, where it has two seconds more.
void expect_rest_of(std::chrono::seconds deadline, ConnectionBench& bench, CloseReason reason) {
  const std::chrono::seconds idle_before = bench.connection->idle();
  bench.pass(deadline - 2s);
  REQUIRE(bench.change_process());
  CHECK(bench.connection->idle() == idle_before + deadline - 2s);
  bench.pass(1s);
  CHECK(bench.ends.empty());
  bench.pass(1s);
  CHECK(bench.ends == std::vector{reason});
}

}  // namespace

TEST_CASE("saved connection: deadlines have what was left of them") {
  SUBCASE("of the first request") {
    ConnectionBench bench;
    expect_rest_of(ConnectionBench::kFirstRequest, bench, CloseReason::closed_first_request);
  }
  SUBCASE("of a frame") {
    ConnectionBench bench;
    bench.receive(echo("a"));
    bench.receive("*2\r\n");
    expect_rest_of(ConnectionBench::kFrame, bench, CloseReason::closed_frame);
  }
  SUBCASE("of a frame that is the first request") {
    ConnectionBench bench;
    bench.receive("*2\r\n");
    expect_rest_of(ConnectionBench::kFrame, bench, CloseReason::closed_frame);
  }
  SUBCASE("of an idle one") {
    ConnectionBench bench;
    bench.loop_context.deadlines.idle.set_length(10s);
    bench.receive(echo("a"));
    expect_rest_of(10s, bench, CloseReason::closed_idle);
  }
  SUBCASE("of one that takes nothing") {
    ConnectionBench bench;
    bench.script.blocks_sends = true;
    bench.receive(echo("a"));
    expect_rest_of(ConnectionBench::kWriteStall, bench, CloseReason::closed_write_stall);
  }
}

TEST_CASE("saved connection: whoever was looked at while all waited has a deadline again") {
  ConnectionBench bench;
  bench.loop_context.paused = Paused::everyone;
  bench.turn({.readable = true});
  bench.loop_context.paused = Paused::nobody;
  REQUIRE(bench.change_process());
  bench.pass(ConnectionBench::kFirstRequest - 1s);
  CHECK(bench.ends.empty());
  bench.pass(1s);
  CHECK(bench.ends == std::vector{CloseReason::closed_first_request});
}

TEST_CASE("saved connection: who it is goes along") {
  ConnectionBench bench;
  Session& session = bench.connection->session();
  session.set_name("me");
  session.set_library_name("lib");
  session.set_library_version("1");
  session.set_protocol(3);
  session.set_no_evict(true);
  session.set_reply_mode(ReplyMode::off);
  bench.receive(echo("a"));
  bench.pass(5s);
  REQUIRE(bench.change_process());
  const Session& after = bench.connection->session();
  CHECK(after.name() == "me");
  CHECK(after.library_name() == "lib");
  CHECK(after.library_version() == "1");
  CHECK(after.protocol() == 3);
  CHECK(after.is_no_evict());
  CHECK(after.reply_mode() == ReplyMode::off);
  CHECK_FALSE(after.is_ordinary());
  CHECK(bench.connection->age() == 5s);
  CHECK(bench.connection->push_encoding() == ReplyEncoding::resp3);
}

TEST_CASE("saved connection: what it is told is written as its listener speaks") {
  for (const Framing framing : {Framing::raw, Framing::line}) {
    ConnectionBench bench(framing);
    bench.receive("a\n");
    REQUIRE(bench.change_process());
    CHECK(bench.connection->reply_encoding() ==
          (framing == Framing::raw ? ReplyEncoding::raw : ReplyEncoding::plain));
  }
}

TEST_CASE(
    "saved connection: a reply that is owed again is waited for, and nothing runs meanwhile") {
  ConnectionBench bench;
  bench.receive(echo("a"));
  REQUIRE(bench.change_process());
  bench.connection->owe_again();
  CHECK(bench.connection->is_pending());
  CHECK(bench.connection->owed_replies() == 1);
  bench.receive(echo("behind"));
  CHECK(bench.served == std::vector<std::string>{"a"});
  bench.pass(24h);  // deadlines.idle does not run
  CHECK(bench.closed == 0);
  bench.connection->complete([](Buffer& out) {
    out.append("+late\r\n");
    return std::size_t{1};
  });
  bench.turn({});
  CHECK(bench.script.sent.ends_with("+late\r\n" + bulk("behind")));
}

TEST_CASE("saved connection: the end of its input is found again") {
  ConnectionBench bench;
  bench.script.blocks_sends = true;
  bench.receive(echo("a"));
  bench.finish();
  REQUIRE(bench.closed == 0);
  REQUIRE(bench.change_process());
  bench.script.blocks_sends = false;
  bench.turn({.writable = true});
  CHECK(bench.script.sent == bulk("a"));
  CHECK(bench.ends == std::vector{CloseReason::closed_by_client});
}

TEST_CASE("saved connection: when it can go") {
  ConnectionBench bench;
  const auto movable = [&] { return bench.connection->movable(); };
  CHECK(movable() == Movable::yes);
  SUBCASE("not while a reply is owed") {
    bench.receive("*1\r\n$4\r\nWAIT\r\n");
    CHECK(movable() == Movable::not_now);
    bench.complete("now");
    CHECK(movable() == Movable::yes);
  }
  SUBCASE("not while one is owed beside which others are served") {
    bench.receive("*2\r\n$5\r\nAHEAD\r\n$1\r\na\r\n");
    CHECK(movable() == Movable::not_now);
  }
  SUBCASE("never where it is to be told whether a reply has arrived") {
    bench.connection->want_receipt();
    CHECK(movable() == Movable::never);
  }
  SUBCASE("never once it is drained, or ends") {
    bench.script.blocks_sends = true;
    bench.receive(echo("a"));
    bench.connection->drain();
    CHECK(movable() == Movable::never);
    bench.connection->end(CloseReason::closed_killed);
    CHECK(movable() == Movable::never);
  }
}

TEST_CASE("saved connection: the one that was left says nothing, and harms nobody") {
  ConnectionBench bench;
  bench.script.blocks_sends = true;
  bench.receive(echo("a"));
  bench.connection->let_go();
  CHECK(bench.ends.empty());
  CHECK(bench.closed == 1);
  CHECK(bench.memory == 0);
  CHECK(bench.script.sent == "");
  CHECK_FALSE(bench.script.resets_on_close);
  CHECK_FALSE(bench.script.finished_sending);
}

TEST_CASE("paused: everybody waits, administrators too, but not who is drained") {
  ConnectionBench bench;
  bench.policy.is_admin = true;
  bench.loop_context.paused = Paused::clients;
  bench.receive(echo("a"));
  CHECK(bench.take_sent() == bulk("a"));
  bench.loop_context.paused = Paused::everyone;
  bench.receive(echo("b"));
  CHECK(bench.take_sent() == "");
  bench.connection->drain();
  bench.turn({});
  CHECK(bench.take_sent() == bulk("b"));
}
