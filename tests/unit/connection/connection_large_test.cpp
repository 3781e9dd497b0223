// SPDX-License-Identifier: MIT
// Large requests and replies: what is borrowed of the input, kept, moved and held for them.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "daemon/connection/connection.h"
#include "tests/unit/support/connection_bench.h"
#include "tests/unit/support/resp_text.h"

using namespace reactord;
using namespace reactord::test;

namespace {

constexpr std::size_t kMib = 1u << 20;
/// A connection's share of a turn, and one receive of it (daemon/connection/connection_input.cpp,
/// connection_receiving.cpp).
constexpr std::size_t kShareBytes = 128u << 10;
constexpr std::size_t kReceiveBytes = 256u << 10;

std::string repeated(std::size_t times, std::string_view text) {
  std::string all;
  all.reserve(times * text.size());
  while (times-- > 0) all += text;
  return all;
}

}  // namespace

TEST_CASE("connection: a reset while it sends what it borrowed of kept input") {
  ConnectionBench bench;
  const std::string input = echo(std::string(kMib, 'x'));
  bench.receive(input.substr(0, kMib / 2));
  bench.script.is_lost = true;  // from the next send on
  bench.receive(input.substr(kMib / 2));
  CHECK(bench.ends == std::vector{CloseReason::closed_reset});
  CHECK(bench.closed == 1);
  CHECK(bench.memory == 0);
  CHECK(bench.connection->input_bytes() == 0);
}

TEST_CASE("connection: what is kept is served before more is received, however fast the reader") {
  constexpr std::size_t kWord = 20'000;
  ConnectionBench bench;
  bench.loop_context.output_high_water = kWord;
  bench.script.input = {repeated(200, echo(std::string(kWord, 'x')))};
  std::size_t most_kept = 0;
  bench.is_ready = true;
  for (Readiness news{.readable = true}; bench.is_ready; news = {}) {
    bench.is_ready = false;
    bench.connection->on_event(news);
    most_kept = std::max(most_kept, bench.connection->input_bytes());
  }
  CHECK(bench.served.size() == 200);
  CHECK(most_kept <= kReceiveBytes + 2 * kWord);
}

TEST_CASE("connection: what is sent in the middle of a turn counts for its share") {
  constexpr std::size_t kWord = 20'000;
  ConnectionBench bench;
  bench.script.input = {repeated(100, echo(std::string(kWord, 'x')))};
  bench.is_ready = true;
  for (Readiness news{.readable = true}; bench.is_ready; news = {}) {
    bench.is_ready = false;
    bench.connection->on_event(news);
    CHECK(bench.take_sent().size() <= kShareBytes + kWord + 100);
  }
  CHECK(bench.served.size() == 100);
}

TEST_CASE("connection: the batch is over before a large echo is sent in the middle of a turn") {
  ConnectionBench bench;
  const std::string input = echo(std::string(kMib, 'x'));
  bench.receive(input.substr(0, kMib / 2));
  bench.script.input = {input.substr(kMib / 2)};
  int batches_before = 0;
  for (int turns = 0; turns < 10 && bench.take_sent().empty(); ++turns) {
    batches_before = bench.batches;
    bench.connection->on_event({.readable = true});
  }
  CHECK(bench.batches == batches_before + 2);  // and once more at the end of the turn
}

TEST_CASE("connection: the error that ends it comes behind a large reply that was taken in part") {
  ConnectionBench bench;
  const std::string word(20'000, 'x');
  bench.receive("WAIT\n" + echo(word));
  bench.script.input = {echo("behind") + "*1\r\n:1\r\n"};
  bench.script.accepts = {4, 10};  // "now\n", and the beginning of the large one
  bench.connection->on_event({.readable = true});
  bench.complete("now");
  bench.turn({.writable = true});
  CHECK(bench.script.sent ==
        "now\n" + bulk(word) + bulk("behind") + "-ERR Protocol error: expected '$', got ':'\r\n");
}

TEST_CASE("connection: a long frame is moved a few times, whatever it consists of") {
  constexpr std::size_t kBytes = 8 * kMib;
  const auto count_moves = [](ConnectionBench& bench, const std::string& input) {
    std::set<std::size_t> capacities;
    for (std::size_t at = 0; at < input.size(); at += 64u << 10) {
      bench.receive(input.substr(at, 64u << 10));
      capacities.insert(bench.connection->buffer_bytes());
    }
    CHECK(bench.served.size() == 1);
    return capacities.size();
  };
  ConnectionBench one;
  CHECK(count_moves(one, echo(std::string(kBytes, 'x'))) <= 12);
  ConnectionBench many;
  const std::string word(16'000, 'x');
  CHECK(count_moves(many, "*500\r\n" + repeated(500, bulk(word))) <= 12);
  ConnectionBench line;
  line.loop_context.parser_limits.max_inline_bytes = 16 * kMib;
  CHECK(count_moves(line, "ECHO " + std::string(kBytes, 'x') + "\n") <= 12);
}

TEST_CASE("connection: a long frame is not copied as it grows") {
  ConnectionBench bench;
  const std::string frame = echo(std::string(16 * kMib - 100, 'x'));
  for (std::size_t at = 0; at < 6 * kMib; at += 64u << 10)
    bench.receive(frame.substr(at, 64u << 10));
  CHECK(bench.connection->buffer_bytes() >= 6 * kMib);
  CHECK(bench.loop_context.pool.bytes() <= 3 * kMib);  // what it had while it was short
}

TEST_CASE("connection: an unread echo is held once") {
  for (const std::size_t bytes : {std::size_t{100'000}, kMib}) {
    CAPTURE(bytes);
    ConnectionBench bench;
    const std::string reply = bulk(std::string(bytes, 'x'));
    bench.script.accepts = {10};
    bench.receive(echo(std::string(bytes, 'x')));
    CHECK(bench.script.sent == reply.substr(0, 10));
    CHECK(bench.connection->output_bytes() == reply.size() - 10);
    CHECK(bench.connection->buffer_bytes() <= echo(std::string(bytes, 'x')).size());
    bench.turn({.writable = true});
    CHECK(bench.script.sent == reply);
    CHECK(bench.memory == 0);
  }
}

TEST_CASE("connection: of a large echo what is unsent stays where it was received") {
  const std::string word(3 * kMib, 'x');
  const std::string replies = bulk(word) + bulk("behind") + bulk(std::string(20'000, 'y'));
  const std::string input = echo(word) + echo("behind") + echo(std::string(20'000, 'y'));
  for (const std::size_t taken : {std::size_t{1}, std::size_t{10}, std::size_t{11}, kMib}) {
    for (const std::size_t cut : {kMib, 2 * kMib + 7, echo(word).size() - 1}) {
      CAPTURE(taken);
      CAPTURE(cut);
      ConnectionBench bench;
      bench.script.accepts = {taken};
      bench.receive(input.substr(0, cut));
      bench.receive(input.substr(cut));
      CHECK((bench.script.sent == replies.substr(0, taken)));
      CHECK(bench.loop_context.pool.bytes() <
            word.size());  // where it would be, had it been copied
      bench.turn({.writable = true});
      CHECK((bench.script.sent == replies));
      CHECK(bench.memory == 0);
    }
  }
}

TEST_CASE("connection: one send is of a bounded share of a long reply, the next turn goes on") {
  constexpr std::size_t kMaxSendBytes =
      kMib + (64u << 10);  // daemon/connection/connection_output.cpp
  for (const std::string& request :
       {std::string("BIG 3000000\n"), echo(std::string(3 * kMib, 'x'))}) {
    CAPTURE(request.size());
    ConnectionBench bench;
    bench.script.input = {request};
    bench.is_ready = true;
    std::size_t turns_that_sent = 0;
    for (Readiness news{.readable = true, .writable = true}; bench.is_ready; news = {}) {
      bench.is_ready = false;
      bench.connection->on_event(news);
      const std::size_t sent = bench.take_sent().size();
      CHECK(sent <= kMaxSendBytes);
      turns_that_sent += sent > 0 ? 1 : 0;
    }
    CHECK(turns_that_sent == 3);
    CHECK(bench.memory == 0);
  }
}

TEST_CASE("connection: the loop's scratch keeps the size of a long reply only up to a limit") {
  constexpr std::size_t kMaxScratchBytes = 2 * kMib;  // daemon/connection/connection_output.cpp
  ConnectionBench bench;
  bench.receive("BIG 1000000\n");
  CHECK(bench.loop_context.output.capacity() >= 1'000'000);
  bench.receive("BIG 3000000\n");
  CHECK(bench.script.sent.size() == 4'000'002);
  CHECK(bench.loop_context.output.capacity() <= kMaxScratchBytes);
}

TEST_CASE("connection: the list of arguments keeps its size only up to a limit") {
  ConnectionBench bench;
  bench.receive("*3000\r\n" + repeated(3000, bulk("x")));
  REQUIRE(bench.served.size() == 1);
  CHECK(bench.loop_context.frame.many.capacity() <= 1024);
}

TEST_CASE("connection: one receive takes a bounded share, of a large frame a larger one") {
  ConnectionBench bench;
  const std::string frame = echo(std::string(8 * kMib, 'x'));
  bench.script.input = {frame};
  bench.connection->on_event({.readable = true});
  CHECK(bench.script.largest_room == kReceiveBytes);
  bench.turn({});
  CHECK(bench.script.largest_room == kMib);
  CHECK(bench.served.size() == 1);
}

TEST_CASE("connection: a little that is kept is moved in front of what comes, more is not") {
  const auto room_behind = [](std::size_t kept) {
    ConnectionBench bench;
    bench.receive(echo(std::string(8000, 'x')).substr(0, kept));
    REQUIRE(bench.connection->input_bytes() == kept);
    bench.script.largest_room = 0;
    bench.receive("x");
    return bench.script.largest_room;
  };
  CHECK(room_behind(4096) == kReceiveBytes);
  CHECK(room_behind(4097) < kReceiveBytes);
}

TEST_CASE("connection: the beginning of a small frame costs what it holds, of a large one more") {
  const auto memory_for = [](std::size_t kept) {
    ConnectionBench bench;
    bench.receive(echo(std::string(100'000, 'x')).substr(0, kept));
    return static_cast<std::size_t>(bench.memory);
  };
  CHECK(memory_for((16u << 10) - 1) < 32u << 10);
  CHECK(memory_for(16u << 10) >= 64u << 10);
}
