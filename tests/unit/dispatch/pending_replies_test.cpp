// SPDX-License-Identifier: MIT
// Whose long reply gets a slice of the turn, and how many receipts are kept.
#include "daemon/dispatch/pending_replies.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/unit/support/table_bench.h"

namespace reactord {
namespace {

/// Notes its name at each slice.
class Noting final : public ReplyProducer {
 public:
  Noting(std::string name, int slices, std::vector<std::string>& notes)
      : name_(std::move(name)), slices_(slices), notes_(notes) {}
  Progress produce(ReplyWriter& reply) override {
    notes_.push_back(name_);
    if (--slices_ > 0) return Progress::more;
    reply.ok();
    return Progress::done;
  }

 private:
  std::string name_;
  int slices_;
  std::vector<std::string>& notes_;
};

struct PendingBench : test::TableBench {
  PendingBench() : TableBench({.clients = 10, .admins = 2}) {}

  /// A new connection asks for a long reply.
  void ask(const ListenerPolicy& policy, const std::string& name, int slices) {
    Connection& connection = open(policy);
    pending.begin_call(connection);
    pending.produce(connection, asked, std::make_unique<Noting>(name, slices, notes));
    Buffer out;
    CHECK(pending.end_call(out) == PromiseState::open);
  }

  /// A reply that comes later, and whose arrival somebody wants to know of.
  void answer_later(Connection& connection, const std::string& name) {
    pending.begin_call(connection);
    const std::uint64_t promise = pending.defer(connection, asked, {}, {});
    Buffer out;
    CHECK(pending.end_call(out) == PromiseState::open);
    CHECK(pending.complete(
        connection.id(), promise, [](ReplyWriter& reply) { reply.ok(); },
        [this, name] { notes.push_back(name); }));
  }

  HandlerGuard guard{clock, events};
  ErrorStats errors;
  CommandEntry asked;
  PendingReplies pending{table, guard, errors};
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

}  // namespace
}  // namespace reactord
