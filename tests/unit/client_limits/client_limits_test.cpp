// SPDX-License-Identifier: MIT
// Rules on real connections and a clock that the test turns: who is one client, what is done to
// those over a limit, and what a reload keeps.
#include "daemon/client_limits/client_limits.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/connection/principal.h"
#include "tests/unit/support/table_bench.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;
using What = InputLimiter::Grant::What;

LimitRuleSettings rule(std::string name = "one") {
  LimitRuleSettings settings;
  settings.name = std::move(name);
  settings.clients = 64;
  return settings;
}

/// 10 requests in a second, 5 at once.
LimitRuleSettings ten_a_second(LimitAction action) {
  LimitRuleSettings settings = rule();
  settings.request_rate = {10, 1s};
  settings.request_burst = 5;
  settings.action = action;
  return settings;
}

PeerBlock block(std::string_view text) {
  PeerBlock peers;
  REQUIRE(parse_network(text, peers.network) == "");
  return peers;
}

SocketAddress at(std::string_view ip) {
  IpNetwork host;
  REQUIRE(parse_network(ip, host) == "");
  return SocketAddress::mapped(host.ip, 1);
}

struct Limits {
  explicit Limits(std::vector<LimitRuleSettings> rules) { apply(std::move(rules)); }
  ~Limits() { bench.close_all(); }
  Limits(const Limits&) = delete;
  Limits& operator=(const Limits&) = delete;

  void apply(std::vector<LimitRuleSettings> rules) {
    all.apply(rules);
    mine = all.limits_of(listener);
    bench.open_to_all.limiter = mine.get();
    all.count_connections();
  }
  [[nodiscard]] bool may_come(const SocketAddress& peer) { return !mine->admit(peer); }
  /// As a turn does it.
  InputLimiter::Grant serve(Connection& connection, std::uint64_t requests,
                            std::uint64_t bytes = 0) {
    const InputLimiter::Grant grant = mine->grant(connection, 1000);
    if (grant.what != What::hold)
      mine->settle(connection, grant, std::min<std::uint64_t>(grant.requests, requests), bytes);
    return grant;
  }
  void pass(Duration span) {
    bench.clock.advance(span);
    struct Sink final : EventSink {
      void on_event(Token, Readiness) noexcept override {}
      std::optional<TimePoint> next_deadline() noexcept override { return {}; }
      void on_deadlines(TimePoint) noexcept override {}
      void on_turn_end() noexcept override {}
    } sink;
    bench.loop.stay_awake();
    bench.loop.run_turn(sink);
  }
  [[nodiscard]] std::uint64_t told(Event event) const { return bench.events.count_of(event); }
  [[nodiscard]] std::uint64_t over(Limited what) const { return all.rules()[0]->count_of(what); }

  test::TableBench bench{{.clients = 100, .admins = 0}};
  ClientLimits all{bench.table, bench.events};
  ListenerSettings listener;
  std::unique_ptr<ListenerLimits> mine;
};

TEST_CASE("client limits: requests of one address, however many connections it has") {
  Limits limits({ten_a_second(LimitAction::refuse)});
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  Connection& same = limits.bench.open(limits.bench.open_to_all);
  Connection& other = limits.bench.open(limits.bench.open_to_all, 2);
  CHECK(limits.serve(one, 3).requests == 5);
  CHECK(limits.serve(same, 2).requests == 2);
  const InputLimiter::Grant refused = limits.serve(one, 7);
  CHECK(refused.what == What::refuse);
  CHECK(refused.error == "LIMIT too many requests from your address; try again in 100 ms");
  CHECK(limits.over(Limited::request_rate) == 7);
  CHECK(limits.told(Event::limit_refused) == 1);
  CHECK(limits.serve(other, 1).requests == 5);
  limits.pass(99ms);
  CHECK(limits.serve(one, 1).what == What::refuse);
  limits.pass(1ms);
  CHECK(limits.serve(one, 1).requests == 1);
}

TEST_CASE("client limits: the time to wait is rounded up, and enough") {
  LimitRuleSettings settings = rule();
  settings.request_rate = {3, 1s};
  settings.request_burst = 1;
  Limits limits({settings});
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  CHECK(limits.serve(one, 1).what == What::serve);
  limits.pass(1us);
  CHECK(limits.serve(one, 1).error ==
        "LIMIT too many requests from your address; try again in 334 ms");
  limits.pass(334ms);
  CHECK(limits.serve(one, 1).what == What::serve);
}

TEST_CASE("client limits: bytes are owed once they have come") {
  LimitRuleSettings settings = rule();
  settings.byte_rate.rate = {1000, 1s};
  Limits limits({settings});
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  CHECK(limits.serve(one, 1, 3000).what == What::serve);
  CHECK(limits.serve(one, 1, 100).error ==
        "LIMIT too many bytes from your address; try again in 2001 ms");
  limits.pass(2001ms);
  CHECK(limits.serve(one, 1, 1).what == What::serve);
}

TEST_CASE("client limits: a /64 is one client, and IPv4 is itself") {
  LimitRuleSettings settings = rule();
  settings.connection_rate = {1, 1h};
  Limits limits({settings});
  CHECK(limits.may_come(at("2001:db8::1")));
  CHECK_FALSE(limits.may_come(at("2001:db8::2")));
  CHECK_FALSE(limits.may_come(at("2001:db8::ffff:0:0:1")));
  CHECK(limits.may_come(at("2001:db8:0:1::1")));
  CHECK(limits.may_come(at("192.0.2.1")));
  CHECK(limits.may_come(at("192.0.2.2")));
  // ::ffff:192.0.2.2
  CHECK_FALSE(
      limits.may_come(SocketAddress::ipv6(SocketAddress::ipv4({192, 0, 2, 2}, 1).mapped_ip(), 9)));
  CHECK(limits.over(Limited::connection_rate) == 3);
}

TEST_CASE("client limits: the prefix of IPv6 can be set, to the bit") {
  LimitRuleSettings settings = rule();
  settings.connection_rate = {1, 1h};
  settings.ipv6_prefix = 49;
  Limits limits({settings});
  CHECK(limits.may_come(at("2001:db8:0:7fff::")));
  CHECK_FALSE(limits.may_come(at("2001:db8:0:0::1")));
  CHECK(limits.may_come(at("2001:db8:0:8000::")));
}

TEST_CASE("client limits: connections at one time") {
  LimitRuleSettings settings = rule();
  settings.connections = 2;
  Limits limits({settings});
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  limits.bench.open(limits.bench.open_to_all);
  const auto refused = limits.mine->admit(test::TableBench::peer(1));
  REQUIRE(refused.has_value());
  CHECK(refused->error == "LIMIT too many connections from your address; there may be 2 at a time");
  CHECK(limits.may_come(test::TableBench::peer(2)));
  one.abort(CloseReason::closed_quit);
  (void)limits.bench.table.end_turn();
  CHECK(limits.may_come(test::TableBench::peer(1)));
  SUBCASE("a reload counts those who are there") {
    limits.apply({});
    settings.connections = 1;
    CHECK(limits.mine == nullptr);
    limits.apply({settings});
    CHECK_FALSE(limits.may_come(test::TableBench::peer(1)));
    CHECK(limits.may_come(test::TableBench::peer(2)));
  }
}

TEST_CASE("client limits: who is refused is not counted as a new connection") {
  LimitRuleSettings settings = rule();
  settings.connection_rate = {1, 1s};
  Limits limits({settings});
  CHECK(limits.may_come(at("192.0.2.1")));
  for (int n = 0; n < 100; ++n) CHECK_FALSE(limits.may_come(at("192.0.2.1")));
  CHECK(limits.mine->admit(at("192.0.2.1"))->error ==
        "LIMIT too many new connections from your address; try again in 1000 ms");
  limits.pass(1s);
  CHECK(limits.may_come(at("192.0.2.1")));
}

TEST_CASE("client limits: an action of close says nothing to new clients, and ends others") {
  LimitRuleSettings settings = ten_a_second(LimitAction::close);
  settings.connection_rate = {1, 1s};
  Limits limits({settings});
  CHECK(limits.may_come(at("10.0.0.1")));
  CHECK(limits.mine->admit(at("10.0.0.1"))->error.empty());
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  CHECK(limits.serve(one, 5).what == What::serve);
  const InputLimiter::Grant grant = limits.serve(one, 5);
  CHECK(grant.what == What::close);
  CHECK(grant.requests == 1);
}

TEST_CASE("client limits: who is slowed down is asked again when there is something to be had") {
  Limits limits({ten_a_second(LimitAction::slow)});
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  CHECK(limits.serve(one, 5).what == What::serve);
  CHECK(limits.serve(one, 5).what == What::hold);
  CHECK(limits.all.next_deadline() == limits.bench.loop.now() + 100ms);
  limits.all.resume_due(limits.bench.loop.now() + 99ms);
  CHECK(limits.all.next_deadline().has_value());
  limits.all.resume_due(limits.bench.loop.now() + 100ms);
  CHECK_FALSE(limits.all.next_deadline().has_value());
  CHECK(limits.told(Event::limit_slowed) == 1);
}

TEST_CASE("client limits: nobody is forgotten in the queue for longer than a second") {
  LimitRuleSettings settings = rule();
  settings.action = LimitAction::slow;
  settings.request_rate = {1, 1h};
  Limits limits({settings});
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  CHECK(limits.serve(one, 1).what == What::serve);
  CHECK(limits.serve(one, 1).what == What::hold);
  CHECK(limits.all.next_deadline() == limits.bench.loop.now() + 1s);
  one.abort(CloseReason::closed_quit);
  (void)limits.bench.table.end_turn();
  limits.all.resume_due(limits.bench.loop.now() + 1s);
  CHECK_FALSE(limits.all.next_deadline().has_value());
}

TEST_CASE("client limits: of many who are due some are resumed in a turn") {
  Limits limits({ten_a_second(LimitAction::slow)});
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  for (int n = 0; n < 100; ++n) limits.all.hold(one, 0s);
  limits.all.resume_due(limits.bench.loop.now());
  CHECK(limits.all.next_deadline().has_value());
  limits.all.resume_due(limits.bench.loop.now());
  CHECK_FALSE(limits.all.next_deadline().has_value());
}

TEST_CASE("client limits: a dry run counts, and does nothing") {
  LimitRuleSettings settings = ten_a_second(LimitAction::refuse);
  settings.connections = 1;
  settings.dry_run = true;
  Limits limits({settings});
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  CHECK(limits.may_come(test::TableBench::peer(1)));
  CHECK(limits.over(Limited::connections) == 1);
  CHECK(limits.serve(one, 8).requests == 1000);
  CHECK(limits.over(Limited::request_rate) == 3);
  CHECK(limits.serve(one, 8).requests == 1000);
  CHECK(limits.over(Limited::request_rate) == 11);
  // What would have been refused is not owed.
  limits.pass(500ms);
  CHECK(limits.serve(one, 5).requests == 1000);
  CHECK(limits.over(Limited::request_rate) == 11);
  CHECK(limits.told(Event::limit_dry_run) == 3);
  CHECK(limits.told(Event::limit_refused) == 0);
}

TEST_CASE("client limits: exempt networks, and Unix sockets by name") {
  LimitRuleSettings settings = rule();
  settings.connection_rate = {1, 1h};
  settings.exempt = {block("192.0.2.0/24")};
  Limits limits({settings});
  CHECK(limits.may_come(at("192.0.2.1")));
  CHECK(limits.may_come(at("192.0.2.1")));
  CHECK(limits.may_come(SocketAddress::unix_path("a")));
  CHECK_FALSE(limits.may_come(SocketAddress::unix_path("b")));
  settings.exempt.push_back({.is_unix = true, .network = {}});
  limits.apply({settings});
  CHECK(limits.may_come(SocketAddress::unix_path("b")));
}

TEST_CASE("client limits: a rule is about the listeners that it names") {
  LimitRuleSettings settings = rule();
  settings.connection_rate = {1, 1h};
  Limits limits({settings});
  ListenerSettings admin;
  admin.name = "admin";
  admin.role = ListenerRole::admin;
  CHECK(limits.all.limits_of(admin) == nullptr);
  settings.listeners = {"admin"};
  limits.apply({settings});
  CHECK(limits.mine == nullptr);
  CHECK(limits.all.limits_of(admin) != nullptr);
}

TEST_CASE("client limits: of several rules each counts, and the least decides") {
  LimitRuleSettings bytes = rule("bytes");
  bytes.byte_rate.rate = {1000, 1s};
  bytes.action = LimitAction::close;
  Limits limits({ten_a_second(LimitAction::refuse), bytes});
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  CHECK(limits.serve(one, 1, 5000).requests == 5);
  CHECK(limits.serve(one, 1).what == What::close);
  limits.pass(10s);
  CHECK(limits.serve(one, 5, 10).what == What::serve);
  CHECK(limits.serve(one, 1).what == What::refuse);
}

TEST_CASE("client limits: a reload keeps what clients owe, unless it tells them apart otherwise") {
  LimitRuleSettings settings = ten_a_second(LimitAction::refuse);
  Limits limits({settings});
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  CHECK(limits.serve(one, 5).what == What::serve);
  settings.request_rate = {20, 1s};
  settings.action = LimitAction::slow;
  limits.apply({settings});
  CHECK(limits.serve(one, 1).what == What::hold);
  settings.ipv6_prefix = 56;
  limits.apply({settings});
  CHECK(limits.serve(one, 1).what == What::serve);
}

// --- users

void become(Connection& connection, const std::string& user) {
  auto who = std::make_shared<Principal>();
  who->name = user;
  connection.set_principal(who, user, false);
}

TEST_CASE("client limits: requests of one user, from wherever they come") {
  LimitRuleSettings settings = ten_a_second(LimitAction::refuse);
  settings.per = LimitPer::user;
  Limits limits({settings});
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  Connection& far = limits.bench.open(limits.bench.open_to_all, 2);
  CHECK(limits.serve(one, 900).requests == 1000);  // nobody is whose it is
  become(one, "alice");
  become(far, "alice");
  CHECK(limits.serve(one, 3).requests == 5);
  CHECK(limits.serve(far, 2).requests == 2);
  CHECK(limits.serve(one, 1).error == "LIMIT too many requests of your user; try again in 100 ms");
  become(one, "bob");
  CHECK(limits.serve(one, 1).requests == 5);
}

TEST_CASE("client limits: connections of one user, who is known once it has logged in") {
  LimitRuleSettings settings = rule();
  settings.per = LimitPer::user;
  settings.connections = 2;
  Limits limits({settings});
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  Connection& two = limits.bench.open(limits.bench.open_to_all, 2);
  Connection& more = limits.bench.open(limits.bench.open_to_all, 3);
  CHECK(limits.may_come(test::TableBench::peer(1)));
  for (Connection* each : {&one, &two}) {
    CHECK(limits.mine->admit_user(*each, "alice").empty());
    become(*each, "alice");
  }
  CHECK(limits.mine->admit_user(more, "alice") ==
        "LIMIT too many connections of your user; there may be 2 at a time");
  CHECK(limits.told(Event::limit_refused) == 1);
  CHECK(limits.mine->admit_user(more, "bob").empty());
  SUBCASE("one that ends makes room") {
    one.abort(CloseReason::closed_quit);
    (void)limits.bench.table.end_turn();
    CHECK(limits.mine->admit_user(more, "alice").empty());
  }
  SUBCASE("one that becomes another's makes room") {
    become(two, "bob");
    CHECK(limits.mine->admit_user(more, "alice").empty());
  }
  SUBCASE("a reload counts those who are there") {
    limits.apply({});
    limits.apply({settings});
    CHECK_FALSE(limits.mine->admit_user(more, "alice").empty());
  }
}

TEST_CASE("client limits: logins of one user, as its new connections") {
  LimitRuleSettings settings = rule();
  settings.per = LimitPer::user;
  settings.connection_rate = {1, 1s};
  Limits limits({settings});
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  CHECK(limits.mine->admit_user(one, "alice").empty());
  CHECK(limits.mine->admit_user(one, "alice") ==
        "LIMIT too many new connections of your user; try again in 1000 ms");
  limits.pass(1s);
  CHECK(limits.mine->admit_user(one, "alice").empty());
  settings.dry_run = true;
  limits.apply({settings});
  CHECK(limits.mine->admit_user(one, "alice").empty());
  CHECK(limits.told(Event::limit_dry_run) == 1);
}

TEST_CASE("client limits: an address that is exempt is so for its user, too") {
  LimitRuleSettings settings = rule();
  settings.per = LimitPer::user;
  settings.connection_rate = {1, 1h};
  settings.exempt = {block("10.0.0.0/24")};
  Limits limits({settings});
  Connection& one = limits.bench.open(limits.bench.open_to_all);
  CHECK(limits.mine->admit_user(one, "alice").empty());
  CHECK(limits.mine->admit_user(one, "alice").empty());
}

TEST_CASE("client limits: a burst of its own, or as much as comes in a second") {
  for (const auto& [rate, burst, expected] : {std::tuple{Rate{100, 1s}, 0, 100},
                                              {Rate{100, 1s}, 7, 7},
                                              {Rate{30, 60s}, 0, 1},
                                              {Rate{600, 60s}, 0, 10}}) {
    LimitRuleSettings settings = rule();
    settings.request_rate = rate;
    settings.request_burst = burst;
    Limits limits({settings});
    CHECK(limits.serve(limits.bench.open(limits.bench.open_to_all), 0).requests ==
          static_cast<WorkUnits>(expected));
  }
}

}  // namespace
}  // namespace reactord
