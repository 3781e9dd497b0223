// SPDX-License-Identifier: MIT
// Whose long reply gets a slice of the turn, and how many receipts are kept.
#include "daemon/dispatch/replies/pending_replies.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/support/table_bench.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

/// Notes its name at each slice.
class Noting final : public ReplyProducer {
 public:
  Noting(std::string name, int slices, std::vector<std::string>& notes, std::function<void()> work)
      : name_(std::move(name)), slices_(slices), notes_(notes), work_(std::move(work)) {}
  Progress produce(ReplyWriter& reply) override {
    notes_.push_back(name_);
    work_();
    if (--slices_ > 0) return Progress::more;
    reply.ok();
    return Progress::done;
  }

 private:
  std::string name_;
  int slices_;
  std::vector<std::string>& notes_;
  std::function<void()> work_;
};

constexpr CommandSpec kAsked{.name = "asked"};
constexpr CommandSpec kSecret{.name = "asked", .secrets = Secrets::all};

struct PendingBench : test::TableBench {
  PendingBench() : TableBench({.clients = 10, .admins = 2}) {}

  /// A new connection asks for a long reply.
  void ask(const ListenerPolicy& policy, const std::string& name, int slices) {
    Connection& connection = open(policy);
    pending.begin_call(connection);
    pending.produce(connection, asked, std::make_unique<Noting>(name, slices, notes, [this] {
                      clock.advance(slice_takes);
                    }));
    Buffer out;
    CHECK(pending.end_call(out) == PromiseState::open);
  }

  /// A reply that comes later, and whose arrival somebody wants to know of.
  void answer_later(Connection& connection, const std::string& name) {
    pending.begin_call(connection);
    const std::uint64_t promise = pending.defer(connection, asked, {}, {}, {});
    Buffer out;
    CHECK(pending.end_call(out) == PromiseState::open);
    CHECK(pending.complete(
        connection.id(), promise, [](ReplyWriter& reply) { reply.ok(); },
        [this, name] { notes.push_back(name); }));
  }

  /// A reply that comes later, as if its command had been called at `called`.
  std::uint64_t put_off(Connection& connection, TimePoint called,
                        std::vector<std::string_view> words = {"ASKED", "it"}) {
    pending.begin_call(connection);
    const std::uint64_t promise = pending.defer(connection, asked, {}, {}, {});
    Buffer out;
    CHECK(pending.end_call(out) == PromiseState::open);
    pending.note_deferred(connection, called, words);
    return promise;
  }
  /// Its connection has sent a request, which is put off.
  Connection& open_waiting() {
    asked.spec = &kAsked;
    asked.full_name = "asked";
    sink.result = ServeResult::overlapping;
    Connection& connection = open(open_to_all);
    constexpr std::string_view kRequest = "*1\r\n$5\r\nASKED\r\n";
    REQUIRE(::write(far_ends.back().get(), kRequest.data(), kRequest.size()) > 0);
    connection.on_event({.readable = true});
    REQUIRE(connection.is_pending());
    return connection;
  }
  /// As the connection has it that has asked so often.
  bool answer(Connection& connection, std::uint64_t promise) {
    return pending.complete(connection.id(), promise,
                            [](ReplyWriter& reply) { reply.error("LATE it is"); }, {});
  }

  Duration slice_takes{0};
  HandlerGuard guard{clock, events};
  ErrorStats errors;
  CommandEntry asked;
  SlowLog slow_log;
  PendingReplies pending{table, guard, errors, slow_log};
  std::vector<std::string> notes;
};

using Notes = std::vector<std::string>;

TEST_CASE("long replies: so many slices a turn, however many ask") {
  PendingBench bench;
  for (int i = 0; i < 10; ++i) bench.ask(bench.open_to_all, std::to_string(i), 3);
  CHECK(bench.pending.run_slices() == 4);
  CHECK(bench.notes == Notes{"0", "0", "0", "1"});
}

TEST_CASE("long replies: an administrator's goes before those of all clients") {
  PendingBench bench;
  for (int i = 0; i < 9; ++i) bench.ask(bench.open_to_all, std::to_string(i), 3);
  CHECK(bench.pending.run_slices() == 4);
  bench.ask(bench.admin, "first admin", 2);
  bench.ask(bench.admin, "second admin", 1);
  bench.notes.clear();
  bench.pending.run_slices();
  CHECK(bench.notes == Notes{"first admin", "first admin", "second admin", "1"});
  bench.ask(bench.open_to_all, "last", 1);
  while (bench.pending.has_long_replies()) bench.pending.run_slices();
  CHECK(bench.notes.back() == "last");
}

TEST_CASE("receipts: of a client that never reads the latest are kept, and no more") {
  PendingBench bench;
  bench.ask(bench.open_to_all, "connected", 1);
  bench.pending.run_slices();
  Connection& connection = *bench.table.find_client(bench.table.opened());
  for (int i = 0; i < 100; ++i) bench.answer_later(connection, std::to_string(i));
  bench.notes.clear();
  bench.pending.on_receipt(connection.id(), false);
  REQUIRE(bench.notes.size() == 64);
  CHECK(bench.notes.front() == "36");
  CHECK(bench.notes.back() == "99");
}

TEST_CASE("figures: what somebody behind took for a reply, and what its request has waited") {
  PendingBench bench;
  Connection& connection = bench.open_waiting();
  const TimePoint arrived = bench.loop_context.arrived;
  bench.clock.advance(3ms);  // others are served
  const std::uint64_t promise = bench.put_off(connection, arrived + 3ms);
  bench.clock.advance(40ms);
  CHECK(bench.answer(connection, promise));
  CHECK(bench.asked.stats.behind == 40ms);
  CHECK(bench.asked.stats.waited == 3ms);
  CHECK(bench.asked.stats.latency->most() == 43'000'000);
  CHECK(connection.figures().latency() == 43ms);
  CHECK(bench.errors.code_of(connection.figures().latest_error()) == "LATE");
  CHECK(bench.slow_log.size() == 0);
}

TEST_CASE("figures: a reply that waits for earlier ones is not charged to who has brought it") {
  PendingBench bench;
  Connection& connection = bench.open_waiting();
  const TimePoint arrived = bench.loop_context.arrived;
  const std::uint64_t first = bench.put_off(connection, arrived);
  const std::uint64_t second = bench.put_off(connection, arrived);
  bench.clock.advance(10ms);
  CHECK(bench.answer(connection, second));
  CHECK(bench.asked.stats.behind == 0ms);
  bench.clock.advance(30ms);
  CHECK(bench.answer(connection, first));
  CHECK(bench.asked.stats.behind == 10ms + 40ms);
  CHECK(bench.asked.stats.waited == 30ms);
}

TEST_CASE("slow log: what somebody behind took, without what it has waited, and without secrets") {
  PendingBench bench;
  bench.slow_log.set_limits(10ms, 16);
  bench.slow_log.set_deferred_limit(1s);
  Connection& connection = bench.open_waiting();
  connection.session().set_name("me");
  connection.session().set_traceparent("of a test");
  bench.clock.advance(5s);
  const std::uint64_t in_time = bench.put_off(connection, bench.clock.now());
  bench.clock.advance(1s);
  CHECK(bench.answer(connection, in_time));
  CHECK(bench.slow_log.size() == 0);
  const std::uint64_t late = bench.put_off(connection, bench.clock.now());
  bench.clock.advance(1001ms);
  CHECK(bench.answer(connection, late));
  bench.asked.spec = &kSecret;
  (void)bench.put_off(connection, bench.clock.now());
  bench.clock.advance(2s);
  bench.pending.forget(connection.id());  // its client has given up
  const Diagnostics::SlowRequests slow = bench.slow_log.latest(10);
  REQUIRE(slow.size() == 2);
  CHECK(slow[1]->took == 1001ms);
  CHECK(slow[1]->is_deferred);
  CHECK(slow[1]->words == Notes{"ASKED", "it"});
  CHECK(slow[1]->client_name == "me");
  CHECK(slow[1]->traceparent == "of a test");
  CHECK(slow[0]->took == 2s);
  CHECK(slow[0]->words == Notes{"ASKED", "(redacted)"});
}

TEST_CASE("figures: the slices of a long reply are its command's work, and its client's") {
  PendingBench bench;
  bench.ask(bench.open_to_all, "long", 3);
  CHECK(bench.asked.stats.time == 0ns);
  bench.slice_takes = 100us;
  while (bench.pending.has_long_replies()) bench.pending.run_slices();
  CHECK(bench.asked.stats.time == 300us);
  CHECK(bench.table.find_client(bench.table.opened())->figures().work() == 300us);
}

TEST_CASE("promises: the only one that is owed goes on, if its handler can save it") {
  PendingBench bench;
  Connection& connection = bench.open_waiting();
  const auto promise = [&](SavePromise save) {
    bench.pending.begin_call(connection);
    const std::uint64_t number =
        bench.pending.defer(connection, bench.asked, {}, {}, std::move(save));
    Buffer out;
    REQUIRE(bench.pending.end_call(out) == PromiseState::open);
    return number;
  };
  SUBCASE("one that can") {
    const std::uint64_t number = promise([] { return std::string("state"); });
    CHECK(bench.pending.can_be_saved(connection));
    const auto saved = bench.pending.save(connection);
    REQUIRE(saved);
    CHECK(saved->entry == &bench.asked);
    CHECK(saved->state == "state");
    CHECK_FALSE(bench.pending.goes_on(connection.id(), number));  // nobody goes
    bench.pending.set_leaving([](const Connection&) { return true; });
    CHECK(bench.pending.goes_on(connection.id(), number));
    CHECK_FALSE(bench.pending.goes_on(connection.id(), number + 1));
    bench.pending.set_leaving([](const Connection&) { return false; });
    CHECK_FALSE(bench.pending.goes_on(connection.id(), number));
  }
  SUBCASE("one that cannot") {
    promise({});
    CHECK_FALSE(bench.pending.can_be_saved(connection));
    CHECK_FALSE(bench.pending.save(connection));
  }
  SUBCASE("one that fails") {
    promise([]() -> std::string { throw std::runtime_error("no"); });
    const auto saved = bench.pending.save(connection);
    REQUIRE(saved);  // it is owed all the same
    CHECK_FALSE(saved->state);
    CHECK(bench.events.count_of(Event::handler_threw) == 1);
  }
  SUBCASE("one whose reply nobody is to see") {
    connection.session().set_reply_mode(ReplyMode::off);
    promise([] { return std::string(); });
    CHECK_FALSE(bench.pending.can_be_saved(connection));
  }
}

}  // namespace
}  // namespace reactord
