// SPDX-License-Identifier: MIT
// Sockets on their way: a PROXY header taken in pieces, deadlines, the bound of the table, and
// whose address counts afterwards.
#include "daemon/admission/arrivals.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/support/table_bench.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;

constexpr std::string_view kHeader = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";
const std::string kLocal = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s;

IpNetwork network(std::string_view text) {
  IpNetwork block;
  REQUIRE(parse_network(text, block) == "");
  return block;
}

/// Arrivals at a listener for proxies at 10.0.0.0/8; its peers are 10.0.0.1.
class Way final : public EventSink {
 public:
  explicit Way(std::uint32_t most = 4, std::uint32_t clients = 4)
      : bench({.clients = clients, .admins = 0}) {
    ListenerSettings settings;
    settings.proxy = {{.is_unix = false, .network = network("10.0.0.0/8")}};
    apply(settings);
    arrivals.set_limits(most, 10s);
  }
  ~Way() {
    arrivals.clear();
    bench.close_all();
  }
  Way(const Way&) = delete;
  Way& operator=(const Way&) = delete;

  void apply(const ListenerSettings& settings) {
    apply_settings(*rules, settings, WhenFull::refuse, true);
  }
  void allow(std::string_view block) {
    rules->allow = std::make_shared<const NetworkSet>(std::vector{network(block)});
  }

  /// The client's end.
  UniqueFd arrive(const SocketAddress& from = test::TableBench::peer(1)) {
    SocketPair pair = unix_pair();
    arrivals.take_in(std::move(pair.ours), from, *rules);
    return std::move(pair.theirs);
  }
  void turn() {
    bench.loop.stay_awake();
    bench.loop.run_turn(*this);
  }
  void send(const UniqueFd& fd, std::string_view bytes) {
    REQUIRE(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
    turn();
  }
  [[nodiscard]] std::string peer_of_latest() {
    Connection* connection = bench.table.find_client(bench.table.opened());
    return connection == nullptr ? "none" : connection->stream().peer();
  }
  [[nodiscard]] std::uint32_t connected() const { return bench.table.used().clients; }
  [[nodiscard]] std::uint64_t told(Event event) const { return bench.events.count_of(event); }

  // --- EventSink ---
  void on_event(Token token, Readiness readiness) noexcept override {
    if (Arrivals::is_own(token)) arrivals.on_event(token, readiness);
  }
  std::optional<TimePoint> next_deadline() noexcept override { return arrivals.next_deadline(); }
  void on_deadlines(TimePoint now) noexcept override { arrivals.expire(now); }
  void on_turn_end() noexcept override {}

  test::TableBench bench;
  std::shared_ptr<ListenerRules> rules = make_rules({}, bench.loop_context);
  Gate gate{bench.table, bench.events};
  Arrivals arrivals{bench.loop, gate, 5};
};

std::string read_all(const UniqueFd& fd) {
  std::string text(4096, '\0');
  const ssize_t n = ::recv(fd.get(), text.data(), text.size(), MSG_DONTWAIT);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

TEST_CASE("arrivals: the client of a header is the connection's peer, at every cut") {
  for (std::size_t cut = 1; cut <= kHeader.size(); ++cut) {
    CAPTURE(cut);
    Way way;
    const UniqueFd proxy = way.arrive();
    way.send(proxy, kHeader.substr(0, cut));
    if (cut < kHeader.size()) {
      CHECK(way.connected() == 0);
      way.send(proxy, kHeader.substr(cut));
    }
    REQUIRE(way.connected() == 1);
    CHECK(way.arrivals.is_empty());
    CHECK(way.peer_of_latest() == "192.0.2.7:56324");
  }
}

TEST_CASE("arrivals: not one byte behind the header is taken, whatever came in one piece with it") {
  Way way;
  const UniqueFd proxy = way.arrive();
  way.send(proxy, std::string(kHeader) + "PING\r\n");
  Connection* connection = way.bench.table.find_client(1);
  REQUIRE(connection != nullptr);
  std::array<char, 64> rest{};
  const IoResult result = connection->stream().receive(rest);
  CHECK(std::string(rest.data(), result.bytes) == "PING\r\n");
}

TEST_CASE("arrivals: a header of 64 KiB takes several turns, and little of each") {
  Way way;
  const UniqueFd proxy = way.arrive();
  const std::string header = "\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff"s + "\x01\x02\x03\x04"s +
                             std::string(8, '\1') + "\xe1\xff\xf0"s + std::string(65520, 'x');
  way.send(proxy, header);
  CHECK(way.connected() == 0);
  for (int turns = 0; turns < 64 && way.connected() == 0; ++turns) way.turn();
  CHECK(way.peer_of_latest() == "1.2.3.4:257");
}

TEST_CASE("arrivals: the loop knows the descriptor by the connection from then on") {
  Way way;
  const UniqueFd proxy = way.arrive();
  way.send(proxy, kHeader);
  struct Sink final : EventSink {
    std::vector<Token> tokens;
    void on_event(Token token, Readiness) noexcept override { tokens.push_back(token); }
    std::optional<TimePoint> next_deadline() noexcept override { return {}; }
    void on_deadlines(TimePoint) noexcept override {}
    void on_turn_end() noexcept override {}
  } sink;
  REQUIRE(::send(proxy.get(), "x", 1, MSG_NOSIGNAL) == 1);
  way.bench.loop.stay_awake();
  way.bench.loop.run_turn(sink);
  CHECK(sink.tokens == std::vector<Token>{way.bench.table.find_client(1)->id()});
}

TEST_CASE("arrivals: LOCAL and UNKNOWN leave the proxy as the peer") {
  for (const std::string& header : {"PROXY UNKNOWN\r\n"s, kLocal}) {
    Way way;
    const UniqueFd proxy = way.arrive();
    way.send(proxy, header);
    CHECK(way.peer_of_latest() == "10.0.0.1:1000");
  }
}

TEST_CASE("arrivals: who may not send a header is refused before it has") {
  Way way;
  const UniqueFd stranger = way.arrive(SocketAddress::ipv4({192, 0, 2, 1}, 1));
  CHECK(way.told(Event::refused_proxy_sender) == 1);
  CHECK(read_all(stranger).starts_with("-DENIED only proxies may connect"));
  const UniqueFd by_unix = way.arrive(SocketAddress::unix_path(""));
  CHECK(way.told(Event::refused_proxy_sender) == 2);
  // ::ffff:10.0.0.1
  const UniqueFd mapped =
      way.arrive(SocketAddress::ipv6(SocketAddress::ipv4({10, 0, 0, 1}, 1).mapped_ip(), 1));
  way.send(mapped, kHeader);
  CHECK(way.connected() == 1);
}

TEST_CASE("arrivals: \"unix\" are the peers of Unix sockets") {
  Way way;
  ListenerSettings settings;
  settings.proxy = {{.is_unix = true, .network = {}}};
  way.apply(settings);
  const UniqueFd proxy = way.arrive(SocketAddress::unix_path(""));
  way.send(proxy, kHeader);
  CHECK(way.peer_of_latest() == "192.0.2.7:56324");
  const UniqueFd other = way.arrive();
  CHECK(way.told(Event::refused_proxy_sender) == 1);
}

TEST_CASE("arrivals: the allow list is of clients, and not of proxies") {
  Way way;
  way.allow("192.0.2.0/24");
  const UniqueFd good = way.arrive();
  way.send(good, kHeader);
  CHECK(way.connected() == 1);
  const UniqueFd bad = way.arrive();
  way.send(bad, "PROXY TCP4 10.0.0.1 10.0.0.1 1 1\r\n");
  CHECK(way.told(Event::refused_not_allowed) == 1);
  CHECK(read_all(bad).starts_with("-DENIED your address"));
  SUBCASE("a proxy's own connection passes it") {
    const UniqueFd local = way.arrive();
    way.send(local, kLocal);
    CHECK(way.connected() == 2);
  }
  SUBCASE("a client whom the proxy does not know does not") {
    const UniqueFd unknown = way.arrive();
    way.send(unknown, "PROXY UNKNOWN\r\n");
    CHECK(way.told(Event::refused_not_allowed) == 2);
  }
}

TEST_CASE("arrivals: the limit per address is of clients") {
  Way way;
  way.bench.table.set_limits(1, 0);
  const UniqueFd one = way.arrive();
  way.send(one, kHeader);
  const UniqueFd two = way.arrive();
  way.send(two, kHeader);
  CHECK(way.told(Event::refused_per_address) == 1);
  const UniqueFd three = way.arrive();
  way.send(three, "PROXY TCP4 192.0.2.8 198.51.100.1 56324 443\r\n");
  CHECK(way.connected() == 2);
}

TEST_CASE("arrivals: what is no header is refused at its first byte, and told why") {
  Way way;
  const UniqueFd proxy = way.arrive();
  way.send(proxy, "*");
  CHECK(way.told(Event::refused_proxy_header) == 1);
  CHECK(way.arrivals.is_empty());
  CHECK(read_all(proxy) ==
        "-ERR this listener takes connections that begin with a PROXY header alone, and there is "
        "none\r\n");
}

TEST_CASE("arrivals: who leaves before its header is whole is lost") {
  for (const std::string_view begun : {""sv, kHeader.substr(0, 20)}) {
    Way way;
    UniqueFd proxy = way.arrive();
    if (!begun.empty()) way.send(proxy, begun);
    proxy.reset();
    way.turn();
    CHECK(way.told(Event::refused_lost) == 1);
    CHECK(way.arrivals.is_empty());
  }
}

TEST_CASE("arrivals: a header that trickles is cut at the deadline, which no byte puts off") {
  Way way;
  const UniqueFd slow = way.arrive();
  for (std::size_t second = 0; second < 9; ++second) {
    way.send(slow, kHeader.substr(second, 1));
    way.bench.clock.advance(1s);
  }
  way.turn();
  CHECK(way.told(Event::refused_late) == 0);
  way.bench.clock.advance(1s);
  way.turn();
  way.turn();
  CHECK(way.told(Event::refused_late) == 1);
  CHECK(read_all(slow).starts_with("-ERR timeout: no whole PROXY header"));
}

TEST_CASE("arrivals: a header that lay in the socket while the daemon was late is in time") {
  Way way;
  const UniqueFd proxy = way.arrive();
  REQUIRE(::send(proxy.get(), kHeader.data(), kHeader.size(), MSG_NOSIGNAL) > 0);
  way.bench.clock.advance(60s);
  way.arrivals.expire(way.bench.clock.now());
  CHECK(way.connected() == 1);
}

TEST_CASE("arrivals: each has a slot of the table") {
  Way way;
  const UniqueFd one = way.arrive();
  const UniqueFd two = way.arrive();
  const UniqueFd three = way.arrive();
  const UniqueFd four = way.arrive();
  CHECK(way.bench.table.is_full(way.rules->policy));
  const UniqueFd five = way.arrive();
  CHECK(way.told(Event::refused_full) == 1);
  way.send(one, kHeader);
  CHECK(way.connected() == 1);
  CHECK(way.bench.table.held().clients == 3);
  way.arrivals.clear();
  CHECK(way.bench.table.held().clients == 0);
  CHECK(way.rules->policy.connections == 1);
}

TEST_CASE(
    "arrivals: where there is no room for more, the oldest have a second, until half are gone") {
  Way way;
  const TimePoint start = way.bench.loop.now();
  std::vector<UniqueFd> silent;
  for (int n = 0; n < 3; ++n) silent.push_back(way.arrive());
  CHECK(way.arrivals.next_deadline() == start + 10s);
  silent.push_back(way.arrive());
  CHECK(way.arrivals.is_full());
  CHECK(way.arrivals.next_deadline() == start + 1s);
  (void)way.arrivals.take_has_gone();
  way.bench.clock.advance(1s);
  way.turn();
  way.turn();
  CHECK(way.told(Event::refused_late) == 2);
  CHECK(way.arrivals.take_has_gone());
  CHECK(way.arrivals.next_deadline() == start + 10s);
}

TEST_CASE("arrivals: at the stop who has brought all comes in, and the others are told") {
  Way way;
  const UniqueFd whole = way.arrive();
  const UniqueFd half = way.arrive();
  REQUIRE(::send(whole.get(), kHeader.data(), kHeader.size(), MSG_NOSIGNAL) > 0);
  REQUIRE(::send(half.get(), kHeader.data(), 10, MSG_NOSIGNAL) > 0);
  CHECK(way.arrivals.stop_some());
  CHECK(way.connected() == 1);
  CHECK(way.told(Event::refused_stopping) == 1);
  CHECK(read_all(half) == "-ERR the server is stopping\r\n");
}

constexpr std::uint32_t kArriving = 100;

TEST_CASE("arrivals: a crowd's steps are work, and end the part of the turn") {
  Way way(kArriving, kArriving);
  std::vector<UniqueFd> crowd;
  for (std::uint32_t n = 0; n < kArriving; ++n) {
    crowd.push_back(way.arrive());
    REQUIRE(::send(crowd.back().get(), kHeader.data(), kHeader.size(), MSG_NOSIGNAL) > 0);
  }
  way.turn();
  CHECK(way.connected() > 0);
  CHECK(way.connected() < kArriving);
  for (int turns = 0; turns < 8; ++turns) way.turn();
  CHECK(way.connected() == kArriving);
}

TEST_CASE("arrivals: of a crowd that is late, or that a stop finds, some end at a time") {
  Way way(2 * kArriving, kArriving);
  std::vector<UniqueFd> crowd;
  for (std::uint32_t n = 0; n < kArriving; ++n) crowd.push_back(way.arrive());
  way.bench.clock.advance(10s);
  way.arrivals.expire(way.bench.clock.now());
  CHECK(way.told(Event::refused_late) == 32);
  CHECK_FALSE(way.arrivals.stop_some());
  CHECK(way.told(Event::refused_stopping) == 32);
  CHECK_FALSE(way.arrivals.stop_some());
  CHECK(way.arrivals.stop_some());
}

TEST_CASE("arrivals: while new clients are refused, nobody's header is waited for") {
  Way way;
  way.bench.table.set_draining(true);
  const UniqueFd proxy = way.arrive();
  CHECK(way.told(Event::refused_draining) == 1);
  CHECK(way.arrivals.is_empty());
}

}  // namespace
}  // namespace reactord
