// SPDX-License-Identifier: MIT
// What is noted of a connection for the moment in which the process is killed.
#include "daemon/connection/snapshot/connection_notes.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "daemon/connection/connection.h"
#include "tests/unit/support/connection_bench.h"
#include "tests/unit/support/resp_text.h"

using namespace reactord;
using reactord::test::ConnectionBench;
using reactord::test::echo;

namespace {

class Notes final : public ConnectionNotes {
 public:
  explicit Notes(ConnectionBench& bench) {
    set_notes(notes_.data());
    bench.loop_context.notes = this;
  }
  void rewrite(Connection& connection) noexcept override {
    ++rewritten;
    of(connection.id()).traits = connection.traits();
  }
  void forget(Connection&) noexcept override {}
  [[nodiscard]] Standing now() const { return notes_[0].standing; }

  int rewritten = 0;

 private:
  std::array<ConnectionNote, 1> notes_{};
};

struct NotedBench {
  ConnectionBench bench;
  Notes notes{bench};
};

}  // namespace

TEST_CASE("notes: in work from before a request is received until its reply is sent") {
  NotedBench noted;
  Standing seen = Standing::at_rest;
  noted.bench.on_serve = [&] { seen = noted.notes.now(); };
  CHECK(noted.notes.now() == Standing::at_rest);
  noted.bench.receive(echo("a"));
  CHECK(seen == Standing::in_work);
  CHECK(noted.notes.now() == Standing::at_rest);
  noted.bench.receive(echo("a") + echo("b"));
  CHECK(noted.notes.now() == Standing::at_rest);
}

TEST_CASE("notes: part of a frame is in work, at every byte of it") {
  const std::string frame = echo("hello");
  for (std::size_t cut = 1; cut < frame.size(); ++cut) {
    CAPTURE(cut);
    NotedBench noted;
    noted.bench.receive(frame.substr(0, cut));
    CHECK(noted.notes.now() == Standing::in_work);
    noted.bench.receive(frame.substr(cut));
    CHECK(noted.notes.now() == Standing::at_rest);
  }
}

TEST_CASE("notes: replies that the kernel has not taken are being sent") {
  NotedBench noted;
  noted.bench.script.accepts = {3, 0};
  noted.bench.receive(echo("hello"));
  CHECK(noted.notes.now() == Standing::sending);
  // What is served behind them cannot be told of: its error would stand in the middle of a reply.
  Standing seen = Standing::at_rest;
  noted.bench.on_serve = [&] { seen = noted.notes.now(); };
  noted.bench.script.blocks_sends = true;
  noted.bench.receive(echo("more"));
  CHECK(seen == Standing::sending);
  noted.bench.script.blocks_sends = false;
  noted.bench.script.accepts.clear();
  noted.bench.turn({.writable = true});
  CHECK(noted.notes.now() == Standing::at_rest);
}

TEST_CASE("notes: a reply that is owed is in work") {
  NotedBench noted;
  noted.bench.receive(echo("a") + "WAIT\r\n");
  CHECK(noted.notes.now() == Standing::in_work);
  noted.bench.complete("now");
  CHECK(noted.notes.now() == Standing::at_rest);
}

TEST_CASE("notes: whoever is ending, or has what ends with the process, does not go on") {
  NotedBench noted;
  SUBCASE("a subscription") {
    noted.bench.connection->subscribe();
    noted.bench.receive(echo("a"));
  }
  SUBCASE("what a handler keeps") {
    noted.bench.connection->set_bound(true);
    noted.bench.receive(echo("a"));
  }
  SUBCASE("a transaction") {
    noted.bench.connection->session().set_in_transaction(true);
    noted.bench.receive(echo("a"));
  }
  SUBCASE("QUIT") {
    noted.bench.receive("QUIT\r\n");
  }
  SUBCASE("FIN") {
    noted.bench.receive(echo("a"));
    noted.bench.finish();
  }
  CHECK(noted.notes.now() == Standing::bound);
}

TEST_CASE("notes: what is cut off must not look whole") {
  NotedBench noted;
  noted.bench.script.blocks_sends = true;
  noted.bench.receive(echo("a"));
  noted.bench.connection->abort(CloseReason::closed_killed);
  CHECK(noted.notes.now() == Standing::sending);
}

TEST_CASE("notes: what a session says is noted anew where it has changed, and only there") {
  NotedBench noted;
  noted.bench.receive("ECHO a\r\n");
  CHECK(noted.notes.rewritten == 1);  // its first request
  noted.bench.receive("ECHO b\r\n");
  CHECK(noted.notes.rewritten == 1);
  noted.bench.receive(echo("c"));
  CHECK(noted.notes.rewritten == 2);  // it speaks RESP
  Session& session = noted.bench.connection->session();
  session.set_name("me");
  noted.bench.receive(echo("c"));
  CHECK(noted.notes.rewritten == 3);
  session.set_reply_mode(ReplyMode::off);
  session.set_no_evict(true);
  noted.bench.receive(echo("c"));
  CHECK(noted.notes.rewritten == 4);
  session.reset();
  noted.bench.receive(echo("c"));
  CHECK(noted.notes.rewritten == 5);
  noted.bench.receive(echo("c"));
  CHECK(noted.notes.rewritten == 5);
}
