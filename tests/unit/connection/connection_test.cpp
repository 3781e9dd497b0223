// SPDX-License-Identifier: MIT
#include "daemon/connection/connection.h"

#include <doctest/doctest.h>

#include "tests/unit/support/connection_bench.h"
#include "tests/unit/support/resp_text.h"

using namespace reactord;
using reactord::test::bulk;
using reactord::test::ConnectionBench;
using reactord::test::echo;
using namespace std::chrono_literals;

TEST_CASE("connection: a batch costs one receive and one send") {
  ConnectionBench bench;
  bench.receive(echo("a") + echo("b") + echo("c"));
  CHECK(bench.script.sent == bulk("a") + bulk("b") + bulk("c"));
  CHECK(bench.script.receives == 1);
  CHECK(bench.script.sends == 1);
  CHECK(bench.batches == 1);
}

TEST_CASE("connection: at rest it owns no buffer") {
  ConnectionBench bench;
  bench.receive(echo("a").substr(0, 9));
  bench.receive(echo("a").substr(9));
  CHECK(bench.script.sent == bulk("a"));
  CHECK(bench.connection->buffer_bytes() == 0);
  CHECK(bench.memory == 0);
}

TEST_CASE("connection: the replies do not depend on how the input was cut") {
  const std::string input = echo("one") + "ECHO two\r\n\r\n" + echo("three") + "ECHO four\n";
  ConnectionBench whole;
  whole.receive(input);
  REQUIRE(whole.served == std::vector<std::string>{"one", "two", "three", "four"});
  for (std::size_t cut = 1; cut < input.size(); ++cut) {
    CAPTURE(cut);
    ConnectionBench bench;
    bench.receive(input.substr(0, cut));
    bench.receive(input.substr(cut));
    CHECK(bench.script.sent == whole.script.sent);
  }
}

TEST_CASE("connection: lines are answered in plain until the first array, in RESP from then on") {
  ConnectionBench bench;
  bench.receive("ECHO a\n");
  CHECK(bench.take_sent() == "a\n");
  CHECK(bench.connection->push_encoding() == ReplyEncoding::plain);
  bench.receive(echo("b") + "ECHO c\n");
  CHECK(bench.take_sent() == bulk("b") + bulk("c"));
  CHECK(bench.connection->push_encoding() == ReplyEncoding::resp2);
  bench.connection->session().set_protocol(3);
  CHECK(bench.connection->push_encoding() == ReplyEncoding::resp3);
  bench.receive("ECHO d\n");
  CHECK(bench.take_sent() == bulk("d"));
  CHECK(bench.connection->reply_encoding() == ReplyEncoding::resp3);
}

TEST_CASE("connection: line and raw listeners know no RESP") {
  ConnectionBench line(Framing::line);
  line.receive("*1\nECHO a\n");
  CHECK(line.take_sent() == "*1\na\n");
  ConnectionBench raw(Framing::raw);
  raw.receive("*1\r\n");
  CHECK(raw.take_sent() == "*1\r\n");
}

TEST_CASE("connection: a large frame that trickles is received behind what is kept") {
  const std::string word(300'000, 'w');
  const std::string input = echo(word);
  ConnectionBench bench;
  for (std::size_t at = 0; at < input.size(); at += 1000) bench.receive(input.substr(at, 1000));
  CHECK(bench.script.sent == bulk(word));
  CHECK(bench.connection->buffer_bytes() == 0);
}

TEST_CASE("connection: room follows what was received, not what was announced") {
  ConnectionBench bench;
  const std::string announced = "*2\r\n$4\r\nECHO\r\n$16000000\r\n";
  bench.receive(announced + std::string(100, 'x'));
  CHECK(bench.memory < 1000);
  bench.receive(std::string(64u << 10, 'x'));
  CHECK(bench.memory <= 6 * (64 << 10));
  for (int i = 0; i < 15; ++i) bench.receive(std::string(64u << 10, 'x'));
  CHECK(bench.memory <= 6 * (1 << 20));
}

TEST_CASE("connection: a large frame leaves its buffer to the next one, up to a limit") {
  ConnectionBench bench;
  const std::string word(1u << 20, 'x');
  const std::string echo = "*2\r\n$4\r\nECHO\r\n$1048576\r\n" + word + "\r\n";
  for (int i = 0; i < 3; ++i) {
    bench.receive(echo);
    CHECK(bench.take_sent() == "$1048576\r\n" + word + "\r\n");
    CHECK(bench.memory == 0);
  }
  const std::size_t kept = bench.loop_context.pool.bytes();
  CHECK(kept >= echo.size());
  CHECK(kept <= LoopContext::kMaxPoolBytes);
  // The whole of it is there as soon as it is known to be needed.
  bench.receive(echo.substr(0, 64u << 10));
  CHECK(static_cast<std::size_t>(bench.memory) >= echo.size());
  CHECK(bench.loop_context.pool.bytes() < kept);
  bench.receive(echo.substr(64u << 10));
  CHECK(bench.take_sent().size() == 1048588);
  CHECK(bench.loop_context.pool.bytes() == kept);
}

TEST_CASE("connection: output that the kernel does not take is kept and sent later, in order") {
  ConnectionBench bench;
  bench.script.accepts = {3};
  bench.receive(echo("abc") + echo("def"));
  CHECK(bench.take_sent() == "$3\r");
  CHECK(bench.connection->output_bytes() == 15);
  bench.receive(echo("ghi"));
  CHECK(bench.take_sent() == (bulk("abc") + bulk("def")).substr(3) + bulk("ghi"));
  CHECK(bench.connection->buffer_bytes() == 0);
}

TEST_CASE(
    "connection: above the high-water mark it neither reads nor serves until the output drains") {
  ConnectionBench bench;
  bench.loop_context.output_high_water = 1000;
  bench.script.blocks_sends = true;
  bench.receive(echo("first") + "BIG 2000\n" + echo("after"));
  CHECK(bench.served == std::vector<std::string>{"first", "2000"});
  bench.receive(echo("more"));
  CHECK(bench.served.size() == 2);
  CHECK(bench.script.input.size() == 1);  // unread: the client's own kernel holds it back
  bench.script.blocks_sends = false;
  bench.turn({.writable = true});
  CHECK(bench.served == std::vector<std::string>{"first", "2000", "after", "more"});
  CHECK(bench.script.sent.ends_with(bulk("after") + bulk("more")));
}

TEST_CASE("connection: what a request costs counts for the share") {
  ConnectionBench bench;
  std::string pipeline;
  for (int i = 0; i < 10; ++i) pipeline += "COSTLY 399\n";
  bench.script.input.push_back(pipeline);
  bench.connection->on_event({.readable = true});
  CHECK(bench.served.size() == 3);  // 1000 units are left, then 600, then 200
  CHECK(bench.is_ready);
  CHECK(bench.loop_context.take_work() >= 1000);
  bench.turn({});
  CHECK(bench.served.size() == 10);
}

TEST_CASE("connection: bytes that come and go are work, too") {
  ConnectionBench bench;
  bench.connection->on_event({.writable = true});
  (void)bench.loop_context.take_work();
  bench.script.input.push_back("BIG 200000\n");
  bench.connection->on_event({.readable = true});
  CHECK(bench.loop_context.take_work() >= 200'000 / 2048);
}

TEST_CASE("connection: one turn serves a bounded share, and the rest follows") {
  ConnectionBench bench;
  std::string input;
  for (int i = 0; i < 2500; ++i) input += "PING\n";
  bench.script.input.push_back(input);
  bench.connection->on_event({.readable = true});
  CHECK(bench.served.size() == 1000);
  CHECK(bench.is_ready);
  bench.turn({});
  CHECK(bench.served.size() == 2500);
}

TEST_CASE("connection: a pending reply pauses its own input and keeps the order") {
  ConnectionBench bench;
  bench.receive("WAIT\n" + echo("behind"));
  CHECK(bench.served == std::vector<std::string>{"WAIT"});
  bench.receive(echo("later"));
  CHECK(bench.served.size() == 1);
  CHECK(bench.script.input.size() == 1);
  bench.complete("now");
  CHECK(bench.script.sent == "now\n" + bulk("behind") + bulk("later"));
}

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

TEST_CASE("connection: a header line of HTTP is met behind other requests, too") {
  ConnectionBench bench;
  bench.receive("ECHO a\nHost: localhost\nECHO b\n");
  CHECK(bench.served == std::vector<std::string>{"a"});
  CHECK(bench.ends == std::vector{CloseReason::closed_foreign});
}

TEST_CASE("connection: line and raw framing") {
  ConnectionBench line(Framing::line);
  line.receive("*1\r\nhello\n");
  CHECK(line.served == std::vector<std::string>{"*1", "hello"});
  CHECK(line.script.sent == "*1\nhello\n");
  ConnectionBench raw(Framing::raw);
  raw.receive("4.40");
  CHECK(raw.script.sent == "4.40");
}

TEST_CASE("connection: pushes are bounded by the high-water mark") {
  ConnectionBench bench;
  bench.loop_context.output_high_water = 100;
  bench.script.blocks_sends = true;
  const auto push = [&] {
    return bench.connection->push([](Buffer& out) { out.append(std::string(60, 'p')); });
  };
  CHECK(push());
  bench.turn({});
  CHECK(push());
  CHECK_FALSE(push());
  bench.script.blocks_sends = false;
  bench.turn({.writable = true});
  CHECK(bench.script.sent.size() == 120);
  CHECK(push());
}

TEST_CASE("connection: what it holds is accounted to the byte") {
  ConnectionBench bench;
  bench.script.blocks_sends = true;
  bench.receive("BIG 5000\nECHO a");
  CHECK(bench.memory == static_cast<std::ptrdiff_t>(bench.connection->buffer_bytes()));
  CHECK(bench.memory > 5000);
  bench.connection->abort(CloseReason::closed_memory);
  CHECK(bench.memory == 0);
}

TEST_CASE("connection: a reply that is taken back leaves no memory behind") {
  ConnectionBench bench;
  bench.receive("WAIT\n");
  bench.connection->complete([](Buffer& out) {
    out.append(std::string(100'000, 'x'));
    out.truncate(0);
  });
  CHECK(bench.memory == 0);
  CHECK(bench.connection->buffer_bytes() == 0);
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

TEST_CASE("connection: behind an urgent mark, which ends a read early, it reads on until no more") {
  ConnectionBench bench;
  bench.script.input = {"ECHO a", "b\n" + echo("c")};
  bench.turn({.readable = true, .urgent = true});
  CHECK(bench.script.sent == "ab\n" + bulk("c"));
  // From now on: the edge of a later mark may have been taken with an earlier event.
  bench.script.input = {echo("d"), echo("e")};
  bench.turn({.readable = true});
  CHECK(bench.served == std::vector<std::string>{"ab", "c", "d", "e"});
}

TEST_CASE("connection: an urgent mark while it is lingering does not hide the end") {
  ConnectionBench bench;
  bench.receive("QUIT\n");
  bench.script.input = {"un", "read"};
  bench.script.input_ends = true;
  bench.turn({.readable = true, .urgent = true});
  CHECK(bench.closed == 1);
}

TEST_CASE("connection: frames that need no reply count for its share of a turn") {
  for (const std::string ignored : {"\n", "\r\n", "*0\r\n", "*-1\r\n"}) {
    CAPTURE(ignored);
    ConnectionBench bench;
    std::string input = echo("first");
    for (int i = 0; i < 2999; ++i) input += ignored;
    bench.script.input = {input + echo("last")};
    std::vector<std::size_t> left;
    for (Readiness readiness{.readable = true}; bench.is_ready || left.empty(); readiness = {}) {
      bench.is_ready = false;
      bench.connection->on_event(readiness);
      left.push_back(bench.connection->input_bytes());
    }
    const std::size_t share = 1000 * ignored.size();
    const std::size_t last = echo("last").size();
    CHECK(left == std::vector{2 * share + last, share + last, last, std::size_t{0}});
    CHECK(bench.served == std::vector<std::string>{"first", "last"});
  }
}

TEST_CASE("connection: what is thrown away after its end is bounded in each turn, too") {
  ConnectionBench bench;
  bench.receive("QUIT\n");
  bench.script.input = {std::string(1u << 20, 'x')};
  bench.script.receives = 0;
  bench.connection->on_event({.readable = true});
  CHECK(bench.script.receives == 1);
  CHECK(bench.script.input.front().size() == (1u << 20) - (256u << 10));
  CHECK(bench.is_ready);
  bench.turn({});
  CHECK(bench.script.input.empty());
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
