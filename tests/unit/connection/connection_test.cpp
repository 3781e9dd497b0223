// SPDX-License-Identifier: MIT
// A connection's turns: what is received is served and answered, in order.
#include "daemon/connection/connection.h"

#include <doctest/doctest.h>

#include "tests/unit/support/connection_bench.h"
#include "tests/unit/support/resp_text.h"

using namespace reactord;
using reactord::test::bulk;
using reactord::test::ConnectionBench;
using reactord::test::echo;

TEST_CASE("connection: a batch costs one receive and one send") {
  ConnectionBench bench;
  bench.receive(echo("a") + echo("b") + echo("c"));
  CHECK(bench.script.sent == bulk("a") + bulk("b") + bulk("c"));
  CHECK(bench.script.receives == 1);
  CHECK(bench.script.sends == 1);
  CHECK(bench.batches == 1);
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

TEST_CASE("connection: without the kernel's memory it tries again, since no edge tells when") {
  ConnectionBench bench;
  bench.script.is_short_of_memory = true;
  bench.receive(echo("a"));
  CHECK(bench.tried_later == 1);
  CHECK_FALSE(bench.is_ready);  // it does not spin
  bench.connection->try_again();
  bench.turn({});
  CHECK(bench.tried_later == 2);
  bench.script.is_short_of_memory = false;
  bench.connection->try_again();
  bench.turn({});
  CHECK(bench.script.sent == bulk("a"));
}

TEST_CASE("connection: what the kernel has no memory to send is sent later") {
  ConnectionBench bench;
  bench.on_serve = [&] { bench.script.is_short_of_memory = true; };
  bench.receive(echo("a"));
  CHECK(bench.script.sent.empty());
  CHECK(bench.tried_later == 1);
  bench.script.is_short_of_memory = false;
  bench.connection->try_again();
  bench.turn({});
  CHECK(bench.script.sent == bulk("a"));
}
