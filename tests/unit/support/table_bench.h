// SPDX-License-Identifier: MIT
// A table of connections on real sockets, with the policies of a public and of an admin listener.
// No loop runs: a test delivers the events itself. Requests are served without any answer.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/connection/connection_table.h"
#include "tests/unit/support/fake_clock.h"
#include "tests/unit/support/sockets.h"

namespace reactord::test {

class SilentSink final : public RequestSink {
 public:
  [[nodiscard]] ServeResult serve(Connection&, const Frame&, Buffer&) noexcept override {
    return result;
  }
  ServeResult result = ServeResult::replied;
  void end_batch() noexcept override {}
};

/// Serves the tokens below `count` by `serve`, and notes them; those of connections it leaves
/// aside.
struct TokenSink final : EventSink {
  TokenSink(Token tokens, std::function<void(Token)> how) : count(tokens), serve(std::move(how)) {}
  Token count;
  std::function<void(Token)> serve;
  std::vector<Token> served;

  void on_event(Token token, Readiness) noexcept override {
    if (token >= count) return;
    served.push_back(token);
    serve(token);
  }
  std::optional<TimePoint> next_deadline() noexcept override { return {}; }
  void on_deadlines(TimePoint) noexcept override {}
  void on_turn_end() noexcept override {}
};

struct TableBench {
  explicit TableBench(TableSize size) : table(loop, events, size) { table.set_limits(0, 0); }
  ~TableBench() { close_all(); }
  TableBench(const TableBench&) = delete;
  TableBench& operator=(const TableBench&) = delete;

  [[nodiscard]] static LogSettings no_log() {
    LogSettings settings;
    settings.level = LogLevel::off;
    return settings;
  }
  [[nodiscard]] static SocketAddress peer(std::uint8_t last_byte) {
    return SocketAddress::ipv4({10, 0, 0, last_byte}, 1000);
  }

  /// Before a policy goes that they were opened under.
  void close_all() {
    table.for_each([](Connection& one) { one.abort(CloseReason::closed_at_once); });
    while (table.end_turn()) continue;
  }

  Connection& open(const ListenerPolicy& policy, std::uint8_t from = 1) {
    SocketPair pair = unix_pair();
    REQUIRE(table.open(std::move(pair.ours), peer(from), policy));
    far_ends.push_back(std::move(pair.theirs));
    Connection* connection = table.find_client(table.opened());
    REQUIRE(connection != nullptr);
    return *connection;
  }

  FakeClock clock;
  EventLog events{clock, no_log()};
  EventLoop loop{clock};
  ConnectionTable table;
  SilentSink sink;
  LoopContext loop_context{.parser_limits = {},
                           .output_high_water = 1u << 20,
                           .deadlines = ConnectionDeadlines(
                               {.first_request = {}, .frame = {}, .write_stall = {}, .linger = {}}),
                           .host = table,
                           .sink = sink};
  ListenerPolicy open_to_all{.loop_context = loop_context};
  ListenerPolicy admin{.loop_context = loop_context, .is_admin = true};
  std::vector<UniqueFd> far_ends;  ///< in the order in which they were opened
};

}  // namespace reactord::test
