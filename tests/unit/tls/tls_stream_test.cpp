// SPDX-License-Identifier: MIT
#include "daemon/tls/tls_stream.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <string>

#include "daemon/net/socket_stream.h"
#include "tests/unit/support/tls_bench.h"

namespace reactord {
namespace {

using test::TlsBench;

static_assert(sizeof(TlsStream) <= sizeof(SocketStream), "a connection has no more room");

std::string numbers(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; text.size() < bytes; ++i) text += std::to_string(i) + " ";
  text.resize(bytes);
  return text;
}

TEST_SUITE("tls_stream") {
  TEST_CASE("bytes arrive both ways, and no more is there than was sent") {
    for (const TlsVersion version : {TlsVersion::tls1_2, TlsVersion::tls1_3}) {
      TlsBench bench(version);
      CHECK(bench.client->send("hello").status == IoStatus::ok);
      CHECK_EQ(bench.receive(*bench.server), "hello");
      CHECK(bench.last.status == IoStatus::would_block);
      CHECK(bench.server->send("and back").status == IoStatus::ok);
      CHECK_EQ(bench.receive(*bench.client), "and back");
    }
  }

  TEST_CASE("one receive takes several records, and one that it has no room for says so") {
    TlsBench bench;
    for (const char* const word : {"one ", "two ", "three"})
      CHECK(bench.client->send(word).status == IoStatus::ok);
    const IoResult first = bench.server->receive(std::span(bench.room).first(6));
    CHECK(first.status == IoStatus::ok);
    CHECK_EQ(first.bytes, 6);
    CHECK(first.has_more);
    const IoResult rest = bench.server->receive(bench.room);
    CHECK_EQ(std::string(bench.room.data(), rest.bytes), "o three");
    CHECK_FALSE(rest.has_more);
  }

  TEST_CASE("a half-close is an end, behind which replies still go") {
    TlsBench bench;
    CHECK(bench.client->send("last").status == IoStatus::ok);
    CHECK(bench.client->send_end() == IoStatus::ok);
    CHECK(bench.client->finish_sending());
    const IoResult last = bench.server->receive(bench.room);
    CHECK_EQ(last.bytes, 4);
    CHECK(last.has_more);  // the end is still to be fetched, and no edge will come
    CHECK(bench.server->receive(bench.room).status == IoStatus::end);
    CHECK(bench.server->receive(bench.room).status == IoStatus::end);
    CHECK(bench.server->send("reply").status == IoStatus::ok);
    CHECK(bench.server->send_end() == IoStatus::ok);
    CHECK(bench.server->send_end() == IoStatus::ok);
    CHECK_EQ(bench.receive(*bench.client), "reply");
    CHECK(bench.last.status == IoStatus::end);
  }

  TEST_CASE("an end without a word is none of the client's, and what was asked is still answered") {
    TlsBench bench;
    CHECK(bench.client->send("request").status == IoStatus::ok);
    REQUIRE_EQ(::shutdown(bench.client->fd(), SHUT_WR), 0);
    CHECK_EQ(bench.receive(*bench.server), "request");
    CHECK(bench.last.status == IoStatus::cut_off);
    CHECK(bench.server->send("reply").status == IoStatus::ok);
    CHECK_EQ(bench.receive(*bench.client), "reply");
  }

  TEST_CASE("a part of a record in front of the end does not count") {
    TlsBench bench;
    CHECK(bench.client->send("whole").status == IoStatus::ok);
    send_text(bench.client->fd(), std::string("\x17\x03\x03\x00\x40half", 9));
    REQUIRE_EQ(::shutdown(bench.client->fd(), SHUT_WR), 0);
    CHECK_EQ(bench.receive(*bench.server), "whole");
    CHECK(bench.last.status == IoStatus::cut_off);
  }

  TEST_CASE(
      "a record that was changed on the way loses the connection, what came before is served") {
    TlsBench bench;
    CHECK(bench.client->send("good").status == IoStatus::ok);
    send_text(bench.client->fd(), std::string("\x17\x03\x03\x00\x20") + std::string(32, 'x'));
    CHECK_EQ(bench.receive(*bench.server), "good");
    CHECK(bench.last.status == IoStatus::lost);
    CHECK(bench.server->send("x").status == IoStatus::lost);
    (void)bench.receive(*bench.client);
    CHECK(bench.last.status == IoStatus::lost);  // by an alert
  }

  TEST_CASE("plain text and oversized records lose the connection") {
    for (const std::string& junk :
         {std::string("PING\r\n"),
          std::string("\x17\x03\x03\xff\xff", 5) + std::string(100, 'x')}) {
      TlsBench bench;
      send_text(bench.client->fd(), junk);
      CHECK_EQ(bench.receive(*bench.server), "");
      CHECK(bench.last.status == IoStatus::lost);
    }
  }

  TEST_CASE("what the kernel does not take is sent again, out of another buffer and with more") {
    TlsBench bench;
    std::string all = numbers(3u << 20);
    std::size_t sent = 0;
    bool was_blocked = false;
    std::string received;
    while (sent < all.size()) {
      // More behind the same bytes at each attempt, and never at the same place.
      const std::string attempt = all.substr(sent, was_blocked ? std::string::npos : 500'000);
      const IoResult result = bench.server->send(attempt);
      sent += result.bytes;
      was_blocked = result.status == IoStatus::would_block;
      REQUIRE(result.status != IoStatus::lost);
      if (was_blocked || !result.has_more) received += bench.receive(*bench.client);
    }
    received += bench.receive(*bench.client);
    CHECK(received == all);
  }

  TEST_CASE("one send takes a bounded share, and says that it could go on") {
    TlsBench bench(TlsVersion::tls1_3, tcp_pair());
    const std::string much(4 * TlsStream::kMaxSendBytes, 'x');
    const IoResult result = bench.server->send(much);
    CHECK(result.status == IoStatus::ok);
    CHECK(result.bytes <= TlsStream::kMaxSendBytes);
    if (result.bytes == TlsStream::kMaxSendBytes) CHECK(result.has_more);
  }

  TEST_CASE("pieces go out behind each other") {
    TlsBench bench;
    const std::string long_piece = numbers(40'000);
    const std::array<std::string_view, 4> parts{"one ", long_piece, "three ", "four"};
    const IoResult result = bench.server->send_parts(parts);
    CHECK_EQ(result.bytes, 4 + 40'000 + 6 + 4);
    CHECK(bench.receive(*bench.client) == "one " + long_piece + "three four");
  }

  TEST_CASE("pieces that do not go out whole go on as one") {
    TlsBench bench;
    const std::string piece = numbers(100'000);
    std::string all;
    std::string received;
    for (int round = 0; round < 5; ++round) {
      const std::array<std::string_view, 3> parts{"begin ", piece, "end "};
      const std::string joined = "begin " + piece + "end ";
      all += joined;
      const IoResult result = bench.server->send_parts(parts);
      std::string rest = joined.substr(result.bytes);
      while (!rest.empty()) {
        received += bench.receive(*bench.client);
        const IoResult again = bench.server->send(rest);
        REQUIRE(again.status != IoStatus::lost);
        rest.erase(0, again.bytes);
      }
    }
    received += bench.receive(*bench.client);
    CHECK(received == all);
  }

  TEST_CASE("the last word waits for room like any other") {
    TlsBench bench;
    const std::string block(60'000, 'x');
    while (bench.server->send(block).status == IoStatus::ok) {
    }
    // What OpenSSL holds of the last record is its own to send; the word comes behind it.
    std::string received = bench.receive(*bench.client);
    CHECK(bench.server->send(block).status == IoStatus::ok);
    IoStatus end = bench.server->send_end();
    for (int i = 0; end == IoStatus::would_block && i < 100; ++i) {
      received += bench.receive(*bench.client);
      end = bench.server->send_end();
    }
    CHECK(end == IoStatus::ok);
    (void)bench.receive(*bench.client);
    CHECK(bench.last.status == IoStatus::end);
  }

  TEST_CASE("a stream that is destroyed says so, and one that is reset does not") {
    for (const bool resets : {false, true}) {
      TlsBench bench;
      if (resets) bench.server->reset_on_close();
      bench.server.reset();
      (void)bench.receive(*bench.client);
      CHECK((bench.last.status == IoStatus::end) == !resets);
    }
  }

  TEST_CASE("a reset is a reset") {
    TlsBench bench(TlsVersion::tls1_3, tcp_pair());
    bench.client->reset_on_close();
    bench.client.reset();
    (void)wait_for(bench.server->fd(), POLLIN);
    (void)bench.receive(*bench.server);
    CHECK(bench.last.status == IoStatus::lost);
    CHECK_EQ(bench.last.error, ECONNRESET);
  }
}

}  // namespace
}  // namespace reactord
