// SPDX-License-Identifier: MIT
// A crowd that waits at a listener takes no more than its share of a turn.
#include "daemon/admission/listener.h"

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/net/listening_socket.h"
#include "tests/unit/support/table_bench.h"

namespace reactord {
namespace {

constexpr int kCrowd = 100;

/// A listener on loopback at which a crowd waits.
class Crowded {
 public:
  Crowded(Token token, test::TableBench& bench)
      : bench_(bench),
        rules_(make_rules({}, bench.loop_context)),
        gate_(bench.table, bench.events),
        arrivals_(bench.loop, gate_, 0),
        listener_(token, open_listening_socket(SocketAddress::ipv4({127, 0, 0, 1}, 0), {}).fd, {},
                  rules_, bench.loop, arrivals_, bench.events) {
    for (int n = 0; n < kCrowd; ++n) crowd_.push_back(connect_to(listener_.address()));
  }

  ~Crowded() { bench_.close_all(); }
  Crowded(const Crowded&) = delete;
  Crowded& operator=(const Crowded&) = delete;

  [[nodiscard]] Listener& listener() { return listener_; }

 private:
  test::TableBench& bench_;
  std::shared_ptr<ListenerRules> rules_;
  Gate gate_;
  Arrivals arrivals_;
  Listener listener_;
  std::vector<UniqueFd> crowd_;
};

TEST_CASE("listener: of a crowd some are let in at a time, and the others in their turn") {
  test::TableBench bench({.clients = 2 * kCrowd, .admins = 0});
  Crowded crowded(1, bench);
  crowded.listener().on_event({.readable = true});
  const auto first = bench.table.used().clients;
  CHECK(first > 0);
  CHECK(first < kCrowd);
  crowded.listener().on_event({});
  CHECK(bench.table.used().clients == kCrowd);
}

TEST_CASE("listener: letting a crowd in is work, and ends the part of the turn") {
  test::TableBench bench({.clients = 4 * kCrowd, .admins = 0});
  Crowded one(0, bench);
  Crowded other(1, bench);
  test::TokenSink sink(
      2, [&](Token token) { (token == 0 ? one : other).listener().on_event({.readable = true}); });
  bench.loop.make_ready(0);
  bench.loop.make_ready(1);
  bench.loop.run_turn(sink);
  CHECK(sink.served == std::vector<Token>{0});
  bench.loop.run_turn(sink);
  CHECK(sink.served == std::vector<Token>{0, 1});
}

}  // namespace
}  // namespace reactord
