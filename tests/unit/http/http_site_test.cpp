// SPDX-License-Identifier: MIT
// Visitors on real sockets, in a loop whose time is the test's.
#include "daemon/http/http_site.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/support/fake_clock.h"
#include "tests/unit/support/sockets.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

struct ScriptedFeed final : Feed {
  std::deque<std::string> pieces;
  bool is_over = false;
  int asked = 0;
  Piece next() override {
    ++asked;
    if (pieces.empty()) return {.is_end = is_over};
    Piece piece{.text = std::make_shared<const std::string>(std::move(pieces.front()))};
    pieces.pop_front();
    return piece;
  }
};

struct Site final : EventSink {
  static constexpr Token kToken = 7;

  explicit Site(std::size_t most = 8)
      : site(
            loop, kToken, most,
            [this](const HttpQuestion& question) {
              asked.push_back(std::string(question.method) + " " + std::string(question.path));
              if (question.path != "/live") return HttpAnswer{.body = "hello\n"};
              feeds.push_back(std::make_shared<ScriptedFeed>());
              return HttpAnswer{.is_last = true, .feed = feeds.back(), .is_stream = true};
            },
            [this] { ++rooms; }) {}

  void on_event(Token token, Readiness) noexcept override {
    if (token == kToken) site.on_event();
  }
  std::optional<TimePoint> next_deadline() noexcept override { return {}; }
  void on_deadlines(TimePoint) noexcept override {}
  void on_turn_end() noexcept override {}

  UniqueFd visit() {
    SocketPair pair = tcp_pair();
    site.take_in(std::move(pair.ours), SocketAddress::ipv4({127, 0, 0, 1}, 1));
    return std::move(pair.theirs);
  }
  /// What has come until the other side has nothing more to say for now.
  std::string turns(const UniqueFd& theirs, int count = 20) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      loop.stay_awake();
      loop.run_turn(*this);
      std::array<char, 4096> chunk{};
      const ssize_t n = ::recv(theirs.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
      if (n > 0) text.append(chunk.data(), static_cast<std::size_t>(n));
      if (n == 0) return text + "<end>";
    }
    return text;
  }
  FakeClock clock;
  EventLoop loop{clock};
  std::vector<std::string> asked;
  std::vector<std::shared_ptr<ScriptedFeed>> feeds;
  int rooms = 0;
  HttpSite site;
};

constexpr std::string_view kGet = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST_CASE("HTTP site: many requests on one connection") {
  Site site;
  const UniqueFd one = site.visit();
  for (int i = 0; i < 3; ++i) {
    send_text(one.get(), kGet);
    const std::string text = site.turns(one);
    CHECK(text.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(text.ends_with("\r\n\r\nhello\n"));
  }
  CHECK(site.asked == std::vector<std::string>(3, "GET /metrics"));
}

TEST_CASE("HTTP site: as many as there may be, and room again when one has gone") {
  Site site(2);
  UniqueFd one = site.visit();
  const UniqueFd other = site.visit();
  CHECK_FALSE(site.site.has_room());
  one.reset();
  site.turns(other);
  CHECK(site.rooms == 1);
  CHECK(site.site.has_room());
}

TEST_CASE("HTTP site: where somebody waits, who was silent the longest goes, but not at once") {
  Site site(3);
  const UniqueFd reader = site.visit();
  send_text(reader.get(), "GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  site.turns(reader);
  const UniqueFd first = site.visit();
  site.clock.advance(500ms);
  const UniqueFd second = site.visit();
  site.site.want_room();
  site.turns(first, 3);
  CHECK(site.rooms == 0);
  site.clock.advance(1s);
  CHECK(site.turns(first, 5) == "<end>");
  CHECK(site.rooms == 1);
  site.clock.advance(1s);  // nobody waits any more
  CHECK(site.turns(second, 5).empty());
  site.site.want_room();
  CHECK(site.turns(second, 5) == "<end>");
  site.site.want_room();
  CHECK(site.turns(reader, 5).empty());  // it has asked for something
  CHECK(site.rooms == 2);
}

TEST_CASE("HTTP site: a trickle ends after a minute, however often a byte comes") {
  Site site;
  const UniqueFd one = site.visit();
  std::string text;
  int seconds = 0;
  for (; seconds < 70 && !text.ends_with("<end>"); ++seconds) {
    if (seconds < 60) send_text(one.get(), seconds == 0 ? "G" : "E");
    site.clock.advance(1s);
    text += site.turns(one, 3);
  }
  CHECK(text.ends_with("<end>"));
  CHECK(seconds >= 60);
  CHECK(site.asked.empty());
}

TEST_CASE("HTTP site: each answer is a new minute") {
  Site site;
  const UniqueFd one = site.visit();
  for (int i = 0; i < 4; ++i) {
    send_text(one.get(), kGet);
    CHECK(site.turns(one).ends_with("hello\n"));
    site.clock.advance(40s);
    CHECK(site.turns(one, 3) == "");
  }
}

TEST_CASE("HTTP site: who sends no more without having asked is gone soon") {
  Site site;
  const UniqueFd one = site.visit();
  send_text(one.get(), "GET / HT");
  site.turns(one, 3);
  ::shutdown(one.get(), SHUT_WR);
  site.turns(one, 3);
  site.clock.advance(2s);
  site.turns(one, 3);
  site.clock.advance(2s);
  CHECK(site.turns(one, 5).ends_with("<end>"));
}

constexpr std::string_view kLive = "GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST_CASE("HTTP site: a feed is sent as it comes about, and rests meanwhile") {
  Site site;
  const UniqueFd one = site.visit();
  send_text(one.get(), kLive);
  const std::string head = site.turns(one);
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(head.find("Transfer-Encoding: chunked\r\n") != head.npos);
  CHECK(head.ends_with("\r\n\r\n"));
  const int asked = site.feeds[0]->asked;
  site.turns(one);
  CHECK(site.feeds[0]->asked == asked);
  site.feeds[0]->pieces = {"one", "two"};
  site.site.wake();
  CHECK(site.turns(one) == "3\r\none\r\n3\r\ntwo\r\n");
  site.feeds[0]->is_over = true;
  site.site.wake();
  CHECK(site.turns(one) == "0\r\n\r\n<end>");
  CHECK(site.site.has_room());
  CHECK(site.feeds[0].use_count() == 1);
}

TEST_CASE("HTTP site: a feed at rest may last, and one that nobody reads may not") {
  Site site;
  const UniqueFd one = site.visit();
  send_text(one.get(), kLive);
  site.turns(one);
  for (int seconds = 0; seconds < 100; ++seconds) {
    site.clock.advance(1s);
    CHECK(site.turns(one, 3) == "");
  }
  site.feeds[0]->pieces = {std::string(8u << 20, 'x')};
  site.site.wake();
  std::string text = site.turns(one, 3);
  for (int seconds = 0; seconds < 8; ++seconds) {
    CHECK(site.feeds[0].use_count() == (seconds < 6 ? 2 : 1));
    site.clock.advance(1s);
    for (int turn = 0; turn < 3; ++turn) {
      site.loop.stay_awake();
      site.loop.run_turn(site);
    }
  }
  CHECK(site.rooms == 1);
}

TEST_CASE("HTTP site: whoever has gone from a feed at rest is found out with the next piece") {
  Site site;
  UniqueFd one = site.visit();
  const UniqueFd other = site.visit();
  send_text(one.get(), kLive);
  site.turns(one);
  one.reset();
  for (int i = 0; i < 3; ++i) {
    site.clock.advance(1s);
    site.feeds[0]->pieces = {"more"};
    site.site.wake();
    site.turns(other, 3);
  }
  CHECK(site.feeds[0].use_count() == 1);
  CHECK(site.rooms == 1);
}

TEST_CASE("HTTP site: feeds leave room for those who come for a moment") {
  Site site(8);
  std::vector<UniqueFd> all;
  for (int i = 0; i < 6; ++i) {
    all.push_back(site.visit());
    send_text(all.back().get(), kLive);
    CHECK(site.turns(all.back()).starts_with("HTTP/1.1 200 OK\r\n"));
  }
  all.push_back(site.visit());
  send_text(all.back().get(), kLive);
  CHECK(site.turns(all.back()).starts_with("HTTP/1.1 503 "));
  all.push_back(site.visit());
  send_text(all.back().get(), kGet);
  CHECK(site.turns(all.back()).ends_with("hello\n"));
  all.erase(all.begin());
  for (int i = 0; i < 2; ++i) {
    site.feeds[0]->pieces = {"more"};
    site.site.wake();
    site.turns(all.back());
  }
  all.push_back(site.visit());
  send_text(all.back().get(), kLive);
  CHECK(site.turns(all.back()).starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("HTTP site: many feeds at once are served over several turns") {
  Site site(64);
  std::vector<UniqueFd> all;
  for (int i = 0; i < 40; ++i) {
    all.push_back(site.visit());
    send_text(all.back().get(), kLive);
    site.turns(all.back(), 3);
  }
  const auto woken = [&site] {
    return std::ranges::count_if(site.feeds, [](const auto& feed) { return feed->pieces.empty(); });
  };
  for (const auto& feed : site.feeds) feed->pieces = {"news"};
  site.site.wake();
  for (const int expected : {16, 32, 40}) {
    site.loop.stay_awake();
    site.loop.run_turn(site);
    CHECK(woken() == expected);
  }
}

/// Its timeout of none is ours: nobody else keeps the loop awake here.
TEST_CASE("HTTP site: what the library has left over goes on by itself") {
  Site site;
  const UniqueFd one = site.visit();
  constexpr std::size_t kRequests = 20;
  std::string sent;
  for (std::size_t i = 0; i < kRequests; ++i) sent += kGet;
  send_text(one.get(), sent);
  for (int turns = 0; turns < 50 && site.asked.size() < kRequests; ++turns)
    site.loop.run_turn(site);
  CHECK(site.asked.size() == kRequests);
}

TEST_CASE("HTTP site: headers have a bound") {
  Site site;
  const UniqueFd one = site.visit();
  send_text(one.get(), "GET / HTTP/1.1\r\nHost: localhost\r\nX: ");
  send_text(one.get(), std::string(32'000, 'x'));
  const std::string text = site.turns(one, 1000);  // the library takes 128 bytes at a time
  CHECK_MESSAGE(text.starts_with("HTTP/1.1 431 "), text);
  CHECK(site.asked.empty());
}

}  // namespace
}  // namespace reactord
