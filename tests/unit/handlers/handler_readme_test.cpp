// SPDX-License-Identifier: MIT
// The handlers that daemon/handlers/README.md shows, built from that page (handler_readme.cmake).
#include <doctest/doctest.h>
#include <poll.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daemon/net/listening_socket.h"
#include "daemon/testing/handler_bench.h"
#include "tests/unit/support/sockets.h"
#include "tests/unit/support/temporary_folder.h"

namespace reactord {

HandlerEntry greet_of_readme_handler();
HandlerEntry later_of_readme_handler();
HandlerEntry primes_of_readme_handler();
HandlerEntry news_of_readme_handler();
HandlerEntry visits_of_readme_handler();

namespace {

using test::HandlerBench;

TEST_CASE("the README's GREET answers, counts and takes its setting") {
  HandlerBench bench(greet_of_readme_handler());
  bench.encoding = ReplyEncoding::plain;
  CHECK(bench.send("GREET Ada") == "hello, Ada (1)\n");
  CHECK(bench.send("GREET") == "hello, stranger (2)\n");

  const HandlerTableSpec table = greet_of_readme_handler().table;
  REQUIRE(table.keys.size() == 2);
  CHECK(table.keys[0].name == "greeting");
  CHECK(table.keys[1].range.most == 1000);
  const std::shared_ptr<void> settings = table.make();
  CHECK(table.keys[0].set(settings.get(), std::string("good morning"), {}) == "");
  CHECK(table.keys[1].set(settings.get(), std::int64_t{3}, table.keys[1].range) == "");
  CHECK(
      table.keys[1].set(settings.get(), std::int64_t{-5}, table.keys[1].range).find("1 to 1000") !=
      std::string::npos);
  bench.handler("greet").reload(settings.get());
  CHECK(bench.send("GREET Ada") == "good morning, Ada (3)\n");
  CHECK(bench.send("GREET \nAda") == "(error) ERR the name '\\nAda' has more than 3 bytes\n");
}

TEST_CASE("the README's LATER answers when its timer fires") {
  HandlerBench bench(later_of_readme_handler());
  CHECK(bench.send("LATER 50 hello") == "");
  CHECK(bench.result == HandlerResult::pending);
  REQUIRE(bench.service.timers() == 1);
  bench.service.advance(std::chrono::milliseconds(50));
  CHECK(bench.context.take_output() == "$5\r\nhello\r\n");
  CHECK(bench.context.port.completed == 1);
  CHECK(bench.context.port.abandoned == 0);
  CHECK(bench.send("LATER 60001 hello") ==
        "-ERR milliseconds must be an integer from 0 to 60000\r\n");
}

TEST_CASE("the README's PRIMES counts beside the loop, and is dropped with its client") {
  HandlerBench bench(primes_of_readme_handler());
  CHECK(bench.send("PRIMES 100") == "");
  CHECK(bench.result == HandlerResult::pending);
  CHECK(bench.service.run_task());
  CHECK(bench.context.port.written == ":25\r\n");
  bench.send("PRIMES 10");
  bench.context.leave();
  CHECK(bench.service.tasks() == 0);
  bench.service.workers_are_full = true;
  CHECK(bench.send("PRIMES 10") == "-BUSY too much is at work: try again in a moment\r\n");
  CHECK(bench.send("PRIMES 100000001").starts_with("-ERR limit must be"));
}

TEST_CASE("the README's LATER forgets a connection that has gone") {
  HandlerBench bench(later_of_readme_handler());
  bench.send("LATER 50 hello");
  bench.context.leave();
  CHECK(bench.context.port.written == "");
  CHECK(bench.context.port.completed == 0);
}

/// The README's VISITS, asking the server of a test.
struct VisitsBench {
  VisitsBench() {
    listening = open_listening_socket(SocketAddress::unix_path(folder / "redis"), {});
    REQUIRE(listening.status == ListenStatus::ok);
    bench.emplace(visits_of_readme_handler(),
                  test::SettingValues{{"server", "unix:" + folder / "redis"}});
  }
  /// The handler's connection, and the server's end of it.
  int connect() {
    const int ours = lowest_free_descriptor();
    bench->service.advance(std::chrono::milliseconds(0));
    bench->service.fire(ours, {.writable = true});
    REQUIRE(wait_for(listening.fd.get(), POLLIN));
    server = std::move(accept_connection(listening.fd.get()).fd);
    bench->service.run_woken();
    return ours;
  }

  TemporaryFolder folder;
  ListenResult listening;
  UniqueFd server;
  std::optional<HandlerBench> bench;
};

TEST_CASE("the README's VISITS passes on what the server says") {
  VisitsBench visits;
  CHECK(visits.bench->send("VISITS home") == "");
  const int ours = visits.connect();
  CHECK(receive_text(visits.server.get()) == "*2\r\n$4\r\nINCR\r\n$4\r\nhome\r\n");
  send_text(visits.server.get(), ":5\r\n");
  visits.bench->service.fire(ours, {.readable = true});
  CHECK(visits.bench->context.port.written == ":5\r\n");

  visits.bench->context.port.written.clear();
  CHECK(visits.bench->send("VISITS home") == "");
  visits.bench->service.run_woken();
  send_text(visits.server.get(), "-WRONGTYPE no\r\n");
  visits.bench->service.fire(ours, {.readable = true});
  CHECK(visits.bench->context.port.written == "-ERR the counter said: WRONGTYPE no\r\n");
}

TEST_CASE(
    "the README's VISITS cancels for a client that has gone, and tells of a server that has") {
  VisitsBench visits;
  test::FakeContext& leaving = visits.bench->connect();
  CHECK(visits.bench->send(leaving, "VISITS home") == "");
  leaving.leave();
  CHECK(visits.bench->send("VISITS shop") == "");
  const int ours = visits.connect();
  send_text(visits.server.get(), ":1\r\n:2\r\n");
  visits.bench->service.fire(ours, {.readable = true});
  CHECK(visits.bench->context.port.written == ":2\r\n");

  visits.bench->context.port.written.clear();
  CHECK(visits.bench->send("VISITS shop") == "");
  visits.bench->service.run_woken();
  visits.server.reset();
  visits.bench->service.fire(ours, {.readable = true});
  CHECK(visits.bench->context.port.written.starts_with("-ERR no count: the "));
}

TEST_CASE("the README's NEWS tells all who follow, and who has left no more") {
  HandlerBench bench(news_of_readme_handler());
  CHECK(bench.send("NEWS TELL hello") == ":0\r\n");
  CHECK(bench.send("NEWS FOLLOW") == "+OK\r\n");
  CHECK(bench.send("NEWS FOLLOW") == "+OK\r\n");  // once
  CHECK(bench.send("NEWS TELL hello") == ":1\r\n");
  CHECK(bench.context.port.written == "*2\r\n$4\r\nnews\r\n$5\r\nhello\r\n");
  bench.context.port.push_result = PushResult::dropped;  // a slow reader
  CHECK(bench.send("NEWS TELL hello") == ":0\r\n");
  bench.context.port.push_result = PushResult::queued;
  CHECK(bench.send("NEWS LEAVE") == "+OK\r\n");
  CHECK(bench.context.port.unsubscribed == 1);
  CHECK(bench.send("NEWS TELL hello") == ":0\r\n");
}

TEST_CASE("the README's NEWS forgets a connection that has ended, or sent RESET") {
  HandlerBench bench(news_of_readme_handler());
  bench.send("NEWS FOLLOW");
  bench.context.end_states();
  CHECK(bench.context.port.unsubscribed == 1);
  CHECK(bench.send("NEWS TELL hello") == ":0\r\n");
}

}  // namespace
}  // namespace reactord
