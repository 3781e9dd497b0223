// SPDX-License-Identifier: MIT
// How a connection ends: by the client's FIN, a reset, QUIT, a deadline or a drain; and who hears
// of it.
#include "daemon/connection/connection.h"

#include <doctest/doctest.h>

#include "tests/unit/support/connection_bench.h"
#include "tests/unit/support/resp_text.h"

using namespace reactord;
using reactord::test::bulk;
using reactord::test::ConnectionBench;
using reactord::test::echo;
using namespace std::chrono_literals;

TEST_CASE("connection: a client that finishes sending still gets every reply, then FIN") {
  ConnectionBench bench;
  bench.script.input = {echo("a") + "ECHO unended"};
  bench.finish();
  CHECK(bench.script.sent == bulk("a") + bulk("unended"));
  CHECK(bench.closed == 1);
  CHECK(bench.ends == std::vector{CloseReason::closed_by_client});
}

TEST_CASE("connection: a client that finishes sending while its reply is pending gets it") {
  ConnectionBench bench;
  bench.receive("WAIT\n");
  bench.finish();
  CHECK(bench.closed == 0);
  bench.complete("at last");
  CHECK(bench.script.sent == "at last\n");
  CHECK(bench.closed == 1);
}

TEST_CASE("connection: an array that the end of input cuts off is answered with an error") {
  ConnectionBench bench;
  bench.script.input = {echo("a").substr(0, 12)};
  bench.finish();
  CHECK(bench.script.sent.starts_with("-ERR Protocol error: "));
  CHECK(bench.closed == 1);
}

TEST_CASE("connection: a reset while a reply is pending ends it") {
  ConnectionBench bench;
  bench.receive("WAIT\n");
  bench.turn({.readable = true, .peer_finished = true, .hung_up = true});
  CHECK(bench.closed == 1);
  CHECK(bench.ends == std::vector{CloseReason::closed_reset});
}

TEST_CASE("connection: a reset that comes with the request that will be pending ends it, too") {
  ConnectionBench bench;
  bench.script.input = {"WAIT\n"};
  bench.turn({.readable = true, .peer_finished = true, .hung_up = true});
  CHECK(bench.served == std::vector<std::string>{"WAIT"});
  CHECK(bench.closed == 1);
  CHECK(bench.ends == std::vector{CloseReason::closed_reset});
}

TEST_CASE("connection: a hang-up is not believed before the input is read") {
  ConnectionBench bench;
  bench.script.input = {echo("last")};
  bench.script.input_ends = true;
  bench.turn({.readable = true, .peer_finished = true, .hung_up = true});
  CHECK(bench.served == std::vector<std::string>{"last"});
}

TEST_CASE("connection: after QUIT nothing is run, and input is discarded until FIN") {
  ConnectionBench bench;
  bench.receive("QUIT\n" + echo("not run"));
  CHECK(bench.served == std::vector<std::string>{"QUIT"});
  CHECK(bench.script.finished_sending);
  CHECK(bench.closed == 0);
  bench.receive("more");
  CHECK(bench.closed == 0);
  bench.finish();
  CHECK(bench.closed == 1);
}

TEST_CASE("connection: lingering has an end") {
  ConnectionBench bench;
  bench.receive("QUIT\n");
  bench.pass(ConnectionBench::kLinger - 1ms);
  CHECK(bench.closed == 0);
  bench.pass(1ms);
  CHECK(bench.closed == 1);
  CHECK(bench.ends.size() == 1);
}

TEST_CASE("connection: a protocol error gets one error behind the replies, then the end") {
  ConnectionBench bench;
  bench.receive(echo("good") + "*1\r\n:1\r\n" + echo("bad"));
  CHECK(bench.script.sent == bulk("good") + "-ERR Protocol error: expected '$', got ':'\r\n");
  CHECK(bench.ends == std::vector{CloseReason::closed_protocol_error});
  CHECK(bench.script.finished_sending);
}

TEST_CASE("connection: a foreign protocol gets its farewell") {
  ConnectionBench bench;
  bench.receive("GET / HT");
  bench.receive("TP/1.1\r\nHost: x\r\n\r\n");
  CHECK(bench.script.sent.starts_with("HTTP/1.1 400 "));
  CHECK(bench.served.empty());
  CHECK(bench.ends == std::vector{CloseReason::closed_foreign});
}

TEST_CASE("connection: FIN while a reply is pending is told of once, and is no farewell") {
  ConnectionBench bench;
  bench.receive("WAIT\n");
  bench.finish();
  bench.turn({.readable = true, .peer_finished = true});
  CHECK(bench.finished == 1);
  CHECK(bench.connection->is_fin_announced());
  CHECK(bench.ends.empty());
  bench.complete("now");
  CHECK(bench.script.sent == "now\n");
  CHECK(bench.ends == std::vector<CloseReason>{CloseReason::closed_by_client});
}

TEST_CASE("connection: a receipt is given when the client sends more") {
  ConnectionBench bench;
  bench.receive("WAIT\n");
  bench.connection->want_receipt();
  bench.complete("now");
  CHECK(bench.receipts.empty());
  bench.receive("ECHO a\n");
  bench.receive("ECHO b\n");
  CHECK(bench.receipts == std::vector<bool>{true});
}

TEST_CASE("connection: a reset after the reply leaves its arrival uncertain") {
  ConnectionBench bench;
  bench.receive("WAIT\n");
  bench.connection->want_receipt();
  bench.complete("now");
  bench.script.is_lost = true;
  bench.turn({.readable = true, .hung_up = true});
  CHECK(bench.receipts == std::vector<bool>{false});
  CHECK(bench.ends == std::vector<CloseReason>{CloseReason::closed_reset});
}

TEST_CASE("connection: with both sides finished it waits for the acknowledgement of a receipt") {
  for (const bool is_reset : {false, true}) {
    CAPTURE(is_reset);
    ConnectionBench bench;
    bench.receive("WAIT\n");
    bench.finish();
    bench.connection->want_receipt();
    bench.complete("now");
    CHECK(bench.script.finished_sending);
    CHECK(bench.closed == 0);
    bench.script.delivery = Delivery::under_way;
    bench.turn({.readable = true, .peer_finished = true, .hung_up = true});
    CHECK(bench.closed == 0);
    bench.script.delivery = Delivery::arrived;
    bench.script.is_lost = is_reset;
    bench.turn({.readable = true, .peer_finished = true, .hung_up = true});
    CHECK(bench.closed == 1);
    CHECK(bench.receipts == std::vector<bool>{!is_reset});
  }
}

TEST_CASE("connection: the wait for an acknowledgement ends with deadlines.linger") {
  ConnectionBench bench;
  bench.receive("WAIT\n");
  bench.finish();
  bench.connection->want_receipt();
  bench.complete("now");
  bench.script.delivery = Delivery::under_way;
  bench.pass(ConnectionBench::kLinger);
  CHECK(bench.closed == 1);
  CHECK(bench.receipts == std::vector<bool>{false});
}

TEST_CASE("connection: without a receipt asked for, none is waited for") {
  ConnectionBench bench;
  bench.receive("WAIT\n");
  bench.finish();
  bench.complete("now");
  CHECK(bench.closed == 1);
  CHECK(bench.receipts.empty());
}

TEST_CASE("connection: a drain lingers for a client whose request was answered a moment ago") {
  ConnectionBench bench;
  bench.receive("WAIT\n");
  bench.pass(60s);
  bench.complete("now");
  bench.connection->drain();
  bench.turn({});
  CHECK(bench.script.finished_sending);
  CHECK(bench.closed == 0);
  bench.pass(ConnectionBench::kLinger);
  CHECK(bench.closed == 1);
}

TEST_CASE("connection: its end has one reason, whatever happens to what it still has to send") {
  const auto cut = [](ConnectionBench& bench) {
    bench.script.is_lost = true;
    bench.turn({.readable = true, .writable = true, .hung_up = true});
    CHECK(bench.closed == 1);
    CHECK(bench.ends.size() == 1);
    return bench.ends.front();
  };
  ConnectionBench quit;
  quit.script.accepts = {1};
  quit.receive(echo("a") + "QUIT\n");
  CHECK(cut(quit) == CloseReason::closed_quit);

  ConnectionBench broken;
  broken.script.accepts = {1};
  broken.receive(echo("a") + "*x\r\n");
  CHECK(cut(broken) == CloseReason::closed_protocol_error);

  // Whoever has only finished sending is served to the end: the reset is the reason.
  ConnectionBench finished;
  finished.script.accepts = {1};
  finished.receive(echo("a"));
  finished.finish();
  CHECK(finished.ends.empty());
  CHECK(cut(finished) == CloseReason::closed_reset);
}

TEST_CASE("connection: a drain waits until what it has answered is sent") {
  ConnectionBench bench;
  bench.script.accepts = {1};
  bench.receive(echo("a"));
  bench.connection->drain();
  bench.turn({});
  CHECK(bench.ends.empty());
  bench.turn({.writable = true});
  CHECK(bench.script.sent == bulk("a"));
  CHECK(bench.ends == std::vector{CloseReason::closed_drained});
}

TEST_CASE("connection: QUIT and a handler's end are told apart") {
  ConnectionBench quit;
  quit.receive("QUIT\n");
  CHECK(quit.ends == std::vector{CloseReason::closed_quit});
  ConnectionBench handler;
  handler.receive("BYE\n" + echo("not run"));
  CHECK(handler.ends == std::vector{CloseReason::closed_by_handler});
  CHECK(handler.served == std::vector<std::string>{"BYE"});
}

TEST_CASE("connection: a reply that is cut off ends in a reset, never in FIN") {
  ConnectionBench stalled;
  stalled.script.accepts = {10};
  stalled.receive("BIG 1000\n");
  stalled.script.blocks_sends = true;
  stalled.pass(ConnectionBench::kWriteStall);
  CHECK(stalled.ends == std::vector{CloseReason::closed_write_stall});
  CHECK(stalled.script.resets_on_close);

  ConnectionBench quit;
  quit.script.accepts = {10};
  quit.receive("BIG 1000\nQUIT\n");
  quit.script.blocks_sends = true;
  quit.pass(ConnectionBench::kWriteStall);
  CHECK(quit.ends == std::vector{CloseReason::closed_quit});
  CHECK(quit.script.resets_on_close);

  ConnectionBench whole;
  whole.receive(echo("a"));
  whole.connection->abort(CloseReason::closed_at_once);
  CHECK_FALSE(whole.script.resets_on_close);
}

TEST_CASE("connection: whoever is ending gets no pushes any more") {
  ConnectionBench bench;
  bench.script.blocks_sends = true;
  bench.receive("QUIT\n");
  const std::size_t owed = bench.connection->output_bytes();
  CHECK_FALSE(bench.connection->push([](Buffer& out) { out.append("pushed"); }));
  CHECK(bench.connection->output_bytes() == owed);
  bench.script.blocks_sends = false;
  bench.turn({.writable = true});
  CHECK_FALSE(bench.connection->push([](Buffer& out) { out.append("pushed"); }));
  CHECK(bench.script.sent == "QUIT\n");
}

TEST_CASE("connection: a reply that comes when it has ended already is not sent") {
  ConnectionBench bench;
  bench.receive("WAIT\n");
  bench.connection->end(CloseReason::closed_killed, "ERR killed");
  bench.complete("late");
  CHECK(bench.script.sent == "(error) ERR killed\n");
}

TEST_CASE("connection: the kernel that gives up first gives the same reason as write_stall") {
  ConnectionBench bench;
  bench.receive(echo("a"));
  bench.script.is_lost = true;
  bench.script.lost_error = ETIMEDOUT;
  bench.turn({.readable = true, .hung_up = true});
  CHECK(bench.ends == std::vector{CloseReason::closed_write_stall});
}

TEST_CASE("connection: a slow reader that has finished sending gets no pushes any more") {
  ConnectionBench bench;
  bench.script.accepts = {1};
  bench.receive(echo("a"));
  bench.finish();
  CHECK(bench.ends.empty());
  CHECK_FALSE(bench.connection->push([](Buffer& out) { out.append("pushed"); }));
}

TEST_CASE(
    "connection: where the input is cut off, nothing unfinished counts, and the rest is answered") {
  ConnectionBench bench;
  bench.script.is_cut_off = true;
  bench.script.input = {echo("a") + "ECHO unended"};
  bench.finish();
  CHECK(bench.script.sent == bulk("a"));
  CHECK(bench.closed == 1);
  CHECK(bench.ends == std::vector{CloseReason::closed_cut_off});
}

TEST_CASE("connection: a reply that is owed when the input is cut off still comes") {
  ConnectionBench bench;
  bench.script.is_cut_off = true;
  bench.receive("WAIT\n");
  bench.finish();
  CHECK(bench.closed == 0);
  bench.complete("at last");
  CHECK(bench.script.sent == "at last\n");
  CHECK(bench.ends == std::vector{CloseReason::closed_cut_off});
}

TEST_CASE("connection: a stream's last word waits for room, and not for ever") {
  for (const bool has_room : {true, false}) {
    ConnectionBench bench;
    bench.script.blocks_end = true;
    bench.receive("QUIT\n");
    CHECK(bench.closed == 0);
    CHECK_FALSE(bench.script.finished_sending);
    if (has_room) {
      bench.script.blocks_end = false;
      bench.turn({.writable = true});
      CHECK(bench.script.ends_sent == 1);
      CHECK(bench.script.finished_sending);
      CHECK(bench.closed == 0);  // it lingers
    } else {
      bench.pass(ConnectionBench::kWriteStall);
      CHECK(bench.closed == 1);
      CHECK(bench.ends == std::vector{CloseReason::closed_quit});
    }
  }
}

TEST_CASE("connection: a stream that says that it has more is served again without an event") {
  ConnectionBench bench;
  bench.script.says_more = true;
  bench.script.input = {echo("a"), echo("b"), echo("c")};
  bench.turn({.readable = true});
  CHECK(bench.script.sent == bulk("a") + bulk("b") + bulk("c"));
}
