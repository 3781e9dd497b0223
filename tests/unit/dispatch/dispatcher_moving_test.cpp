// SPDX-License-Identifier: MIT
// A reply that is owed in another process: who promises it anew, and what becomes of one that
// nobody can.
#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "daemon/connection/snapshot/saved_connection.h"
#include "tests/unit/support/dispatch_bench.h"

namespace reactord {
namespace {

/// What it has saved says what it does.
class Waiting final : public Handler {
 public:
  [[nodiscard]] std::span<const CommandSpec> commands() const override {
    static const std::array kCommands{CommandSpec{.name = "wait"}};
    return kCommands;
  }
  [[nodiscard]] HandlerResult handle(const Request&, ReplyWriter&,
                                     HandlerContext& context) override {
    promised =
        context.defer({}, {}, []() -> std::string { throw std::runtime_error("nothing to save"); });
    return HandlerResult::pending;
  }
  [[nodiscard]] bool resume_reply(const CommandSpec& command, std::string_view state,
                                  HandlerContext& context) override {
    if (state == "fail") throw std::runtime_error("no");
    if (state != "forget") promised = context.defer([this] { ++gone; });
    if (state == "drop") promised = {};
    return command.name == "wait" && state != "refuse";
  }

  DeferredReply promised;
  int gone = 0;
};

struct MovingBench : test::DispatchBench {
  MovingBench() { commands.add(handler, "waiting"); }
  ~MovingBench() { close_all(); }  // while there is whom it calls back

  std::string restore(std::string_view command, std::string_view state) {
    SavedConnection saved;
    saved.owed_command = command;
    saved.owed_state = state;
    return dispatcher.restore(connection, saved);
  }

  Waiting handler;
};

TEST_CASE("moving: a reply that is owed is promised anew") {
  MovingBench bench;
  CHECK(bench.restore("wait", "") == "");
  CHECK(bench.connection.is_pending());
  CHECK(bench.dispatcher.pending().waiting() == 1);
  CHECK(bench.handler.promised.complete([](ReplyWriter& reply) { reply.simple("LATE"); }));
  CHECK_FALSE(bench.connection.is_pending());
  bench.connection.on_event({});
  std::array<char, 16> received{};
  CHECK(::read(bench.far_ends.front().get(), received.data(), received.size()) == 5);
  CHECK(std::string_view(received.data()) == "LATE\n");
}

TEST_CASE("moving: a reply that its handler fails to save is not forgotten") {
  MovingBench bench;
  SavedConnection saved;
  bench.serve("*1\r\n$4\r\nWAIT\r\n");
  REQUIRE(bench.connection.is_pending());
  bench.dispatcher.save(bench.connection, saved);
  CHECK(saved.owed_command == "wait");
  CHECK(saved.is_owed_lost);
  MovingBench after;
  CHECK(after.dispatcher.restore(after.connection, saved) ==
        "the handler of wait has failed to save the reply that it owes");
}

TEST_CASE("moving: a reply that nobody can promise any more is told") {
  MovingBench bench;
  CHECK(bench.restore("gone", "") == "there is no command gone any more, to which a reply is owed");
  for (const char* state : {"refuse", "forget", "drop", "fail"}) {
    CAPTURE(state);
    CHECK(bench.restore("wait", state) ==
          "the handler waiting does not understand what it has left of a reply");
    CHECK_FALSE(bench.connection.is_pending());
    CHECK(bench.dispatcher.pending().waiting() == 0);
  }
  CHECK(bench.handler.gone == 1);  // what it had promised and refused
}

}  // namespace
}  // namespace reactord
