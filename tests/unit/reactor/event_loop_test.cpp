// SPDX-License-Identifier: MIT
#include "daemon/reactor/event_loop.h"

#include <doctest/doctest.h>
#include <sys/eventfd.h>

#include <set>
#include <string>
#include <vector>

#include "daemon/reactor/slot_table.h"
#include "tests/unit/support/loop_fixture.h"
#include "tests/unit/support/sockets.h"

namespace reactord {
namespace {

bool is_from_ready_list(const Readiness& r) {
  return !r.readable && !r.writable && !r.peer_finished && !r.hung_up;
}

TEST_SUITE("event_loop: watching") {
  TEST_CASE("a new socket is writable at once, and readable when something came") {
    LoopFixture f;
    const SocketPair pair = unix_pair();
    REQUIRE_FALSE(f.loop.watch(pair.ours.get(), 7));
    std::vector<LoopEvent> events = f.turn();
    REQUIRE(events.size() == 1);
    CHECK(events[0].token == 7);
    CHECK(events[0].readiness.writable);
    CHECK_FALSE(events[0].readiness.readable);

    send_text(pair.theirs.get(), "x");
    events = f.turn();
    REQUIRE(events.size() == 1);
    CHECK(events[0].token == 7);
    CHECK(events[0].readiness.readable);
    CHECK_FALSE(events[0].readiness.peer_finished);
    CHECK_FALSE(events[0].readiness.hung_up);
  }

  TEST_CASE("watching twice is refused, and the first stays") {
    LoopFixture f;
    const SocketPair pair = unix_pair();
    REQUIRE_FALSE(f.loop.watch(pair.ours.get(), 1));
    CHECK(f.loop.watch(pair.ours.get(), 2) == std::errc::file_exists);
    CHECK(f.loop.watch_level(pair.ours.get(), 2) == std::errc::file_exists);
    f.turn();
    CHECK(f.sink.tokens() == std::vector<Token>{1});
  }

  TEST_CASE("what cannot be watched is refused") {
    LoopFixture f;
    CHECK(f.loop.watch(-1, 1) == std::errc::bad_file_descriptor);
    const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    CHECK(f.loop.watch(file.get(), 1) == std::errc::operation_not_permitted);
  }

  TEST_CASE("an edge that was not used up comes no more, until something new comes") {
    LoopFixture f;
    const SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    send_text(pair.theirs.get(), "four");
    CHECK(f.turn().size() == 1);
    CHECK(receive_text(pair.ours.get(), 1) == "f");
    CHECK(f.turn_now().empty());
    SUBCASE("but the ready list brings it back") {
      f.loop.make_ready(1);
      const std::vector<LoopEvent> events = f.turn();
      REQUIRE(events.size() == 1);
      CHECK(is_from_ready_list(events[0].readiness));
      CHECK(receive_text(pair.ours.get()) == "our");
    }
    SUBCASE("and new bytes are a new edge") {
      send_text(pair.theirs.get(), "!");
      CHECK(f.turn().size() == 1);
      CHECK(receive_text(pair.ours.get()) == "our!");
    }
  }

  TEST_CASE("a full socket says when it takes more") {
    LoopFixture f;
    const SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    const std::string block(65'536, 'x');
    while (::send(pair.ours.get(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
    }
    CHECK(f.turn_now().empty());
    while (!receive_text(pair.theirs.get()).empty()) {
    }
    const std::vector<LoopEvent> events = f.turn();
    REQUIRE(events.size() == 1);
    CHECK(events[0].readiness.writable);
  }

  TEST_CASE("level-triggered: said again every turn until it is read") {
    LoopFixture f;
    const UniqueFd wake(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
    REQUIRE_FALSE(f.loop.watch_level(wake.get(), 3));
    for (int i = 0; i < 3; ++i) {
      const std::vector<LoopEvent> events = f.turn();
      REQUIRE(events.size() == 1);
      CHECK(events[0].readiness.readable);
      CHECK_FALSE(events[0].readiness.writable);
    }
    eventfd_t value = 0;
    CHECK(::eventfd_read(wake.get(), &value) == 0);
    CHECK(f.turn_now().empty());
  }

  TEST_CASE("somebody else's descriptor is told of as long as there is what is wanted") {
    LoopFixture f;
    const SocketPair pair = unix_pair();
    REQUIRE_FALSE(f.loop.watch_for(pair.ours.get(), 5, {.readable = true}));
    CHECK(f.turn_now().empty());
    send_text(pair.theirs.get(), "one");
    for (int i = 0; i < 2; ++i) {
      const std::vector<LoopEvent> events = f.turn();
      REQUIRE(events.size() == 1);
      CHECK(events[0].readiness.readable);
      CHECK_FALSE(events[0].readiness.writable);
    }
    REQUIRE_FALSE(f.loop.change_watch(pair.ours.get(), 5, {.writable = true}));
    const std::vector<LoopEvent> events = f.turn();
    REQUIRE(events.size() == 1);
    CHECK(events[0].readiness.writable);
    CHECK_FALSE(events[0].readiness.readable);
    f.loop.forget(pair.ours.get());
    f.loop.forget(pair.ours.get());
    CHECK(f.turn_now().empty());
    CHECK(f.loop.change_watch(pair.ours.get(), 5, {}) == std::errc::no_such_file_or_directory);
  }

  TEST_CASE("where nothing is wanted of a descriptor, its hang-up comes once") {
    LoopFixture f;
    SocketPair pair = unix_pair();
    REQUIRE_FALSE(f.loop.watch_for(pair.ours.get(), 5, {}));
    send_text(pair.theirs.get(), "one");
    CHECK(f.turn_now().empty());
    pair.theirs.reset();
    const std::vector<LoopEvent> events = f.turn();
    REQUIRE(events.size() == 1);
    CHECK(events[0].readiness.hung_up);
    CHECK(f.turn_now().empty());
  }

  TEST_CASE("more events than one turn takes are all served, over several turns") {
    LoopFixture f;
    std::vector<UniqueFd> fds;
    for (Token token = 0; token < 600; ++token) {
      fds.emplace_back(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
      REQUIRE_FALSE(f.loop.watch(fds.back().get(), token));
    }
    std::multiset<Token> seen;
    int turns = 0;
    while (seen.size() < fds.size()) {
      const std::vector<LoopEvent> events = f.turn();
      CHECK(events.size() <= 256);
      for (const LoopEvent& event : events) seen.insert(event.token);
      ++turns;
    }
    CHECK(turns == 3);
    for (Token token = 0; token < 600; ++token) CHECK(seen.count(token) == 1);
  }
}

TEST_SUITE("event_loop: closing") {
  TEST_CASE("a closed descriptor is not heard of again") {
    LoopFixture f;
    SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    send_text(pair.theirs.get(), "x");
    pair.ours.reset();
    CHECK(f.turn_now().empty());
  }

  TEST_CASE("closing oneself in the callback is fine") {
    LoopFixture f;
    SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    f.sink.react = [&](Token, Readiness) { pair.ours.reset(); };
    send_text(pair.theirs.get(), "x");
    CHECK(f.turn().size() == 1);
    CHECK(f.turn_now().empty());
  }

  TEST_CASE("an event of a descriptor closed meanwhile comes with a token that is stale") {
    struct Connection {
      Connection(SlotId own_id, UniqueFd own_fd) : id(own_id), fd(std::move(own_fd)) {}
      SlotId id;
      UniqueFd fd;
    };
    LoopFixture f;
    SlotTable<Connection> table(2);
    const auto open = [&](UniqueFd fd) {
      Connection& connection = table.emplace(std::move(fd));
      REQUIRE_FALSE(f.loop.watch(connection.fd.get(), connection.id));
      return connection.id;
    };
    SocketPair one = unix_pair();
    SocketPair two = unix_pair();
    SocketPair late = unix_pair();
    const SlotId one_id = open(std::move(one.ours));
    const SlotId two_id = open(std::move(two.ours));
    f.turn();
    send_text(one.theirs.get(), "x");
    send_text(two.theirs.get(), "x");

    // Both events are under way. Whoever is first closes the other, and a newcomer gets the
    // descriptor's number and the slot.
    SlotId closed = 0;
    SlotId newcomer = 0;
    std::vector<SlotId> stale;
    f.sink.react = [&](Token token, Readiness) {
      if (table.find(token) == nullptr) stale.push_back(token);
      if (closed != 0) return;
      closed = token == one_id ? two_id : one_id;
      const Connection* other = table.find(closed);
      REQUIRE(other != nullptr);
      const int number = other->fd.get();
      table.erase(closed);
      REQUIRE(::dup3(late.ours.get(), number, O_CLOEXEC) == number);
      newcomer = open(UniqueFd(number));
    };
    CHECK(f.turn().size() == 2);
    CHECK(stale == std::vector<SlotId>{closed});

    // The newcomer's own events carry its own token.
    send_text(late.theirs.get(), "x");
    f.turn();
    CHECK(f.sink.tokens() == std::vector<Token>{newcomer});
    CHECK(stale.size() == 1);
  }

  TEST_CASE("a token on the ready list is served though its descriptor has gone") {
    LoopFixture f;
    SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    f.loop.make_ready(1);
    pair.ours.reset();
    CHECK(f.turn().size() == 1);  // the sink's table knows better
  }

  TEST_CASE("the peer's FIN comes while its last bytes are still unread") {
    LoopFixture f;
    for (const bool is_tcp : {true, false}) {
      CAPTURE(is_tcp);
      const SocketPair pair = is_tcp ? tcp_pair() : unix_pair();
      f.watch_settled(pair.ours.get(), 1);
      send_text(pair.theirs.get(), "last");
      ::shutdown(pair.theirs.get(), SHUT_WR);
      REQUIRE(wait_for(pair.ours.get(), POLLRDHUP));
      const std::vector<LoopEvent> events = f.turn();
      REQUIRE(events.size() == 1);
      CHECK(events[0].readiness.readable);
      CHECK(events[0].readiness.peer_finished);
      CHECK_FALSE(events[0].readiness.hung_up);
      CHECK(events[0].readiness.writable);
      CHECK(receive_text(pair.ours.get()) == "last");
    }
  }

  TEST_CASE("a FIN alone is an edge of its own") {
    LoopFixture f;
    const SocketPair pair = tcp_pair();
    f.watch_settled(pair.ours.get(), 1);
    send_text(pair.theirs.get(), "last");
    CHECK_FALSE(f.turn().at(0).readiness.peer_finished);
    ::shutdown(pair.theirs.get(), SHUT_WR);
    const std::vector<LoopEvent> events = f.turn();
    REQUIRE(events.size() == 1);
    CHECK(events[0].readiness.peer_finished);
    CHECK(receive_text(pair.ours.get()) == "last");
  }

  TEST_CASE("a reset hangs up while what came before it is still unread") {
    LoopFixture f;
    SocketPair pair = tcp_pair();
    f.watch_settled(pair.ours.get(), 1);
    send_text(pair.theirs.get(), "last");
    REQUIRE(wait_for(pair.ours.get(), POLLIN));
    close_with_reset(pair.theirs);
    REQUIRE(wait_for(pair.ours.get(), POLLRDHUP));
    const std::vector<LoopEvent> events = f.turn();
    REQUIRE(events.size() == 1);
    CHECK(events[0].readiness.hung_up);
    CHECK(events[0].readiness.readable);
    CHECK(receive_text(pair.ours.get()) == "last");
    char byte = 0;
    CHECK(::recv(pair.ours.get(), &byte, 1, 0) == -1);
    CHECK(errno == ECONNRESET);
    CHECK(f.turn_now().empty());
  }
}

TEST_SUITE("event_loop: the ready list") {
  TEST_CASE("it is served before the loop sleeps, also when queued at the turn's end") {
    LoopFixture f;
    f.loop.make_ready(5);
    f.sink.at_end = [&] {
      if (f.loop.stats().lengths.count() == 0) f.loop.make_ready(6);
    };
    f.turn();
    CHECK(f.sink.tokens() == std::vector<Token>{5});
    f.turn();
    CHECK(f.sink.tokens() == std::vector<Token>{6});
    CHECK(f.turn_now().empty());
  }

  TEST_CASE("one that is ready again and again starves no event") {
    LoopFixture f;
    const SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    f.sink.react = [&](Token token, Readiness) {
      if (token == 9) f.loop.make_ready(9);
    };
    f.loop.make_ready(9);
    f.turn();
    CHECK(f.sink.tokens() == std::vector<Token>{9});
    send_text(pair.theirs.get(), "x");
    f.turn();
    CHECK(f.sink.tokens() == std::vector<Token>{1, 9});
  }

  TEST_CASE("one that is queued twice is served once") {
    LoopFixture f;
    for (const Token token : {4u, 9u, 4u, 4u}) f.loop.make_ready(token);
    f.turn();
    CHECK(f.sink.tokens() == std::vector<Token>{4, 9});
    CHECK(f.turn_now().empty());
  }

  TEST_CASE("one whose input never stops gets no larger share from turn to turn") {
    LoopFixture f;
    const SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    f.sink.react = [&](Token token, Readiness) { f.loop.make_ready(token); };
    for (int i = 0; i < 20; ++i) {
      send_text(pair.theirs.get(), "x");
      CHECK(f.turn().size() <= 2);  // its event, and its place on the list
    }
  }
}

TEST_SUITE("event_loop: shares") {
  /// Everybody who is served takes `units` of the turn.
  void let_all_take(LoopFixture & f, WorkUnits units) {
    f.sink.react = [&f, units](Token, Readiness) { f.loop.charge(units); };
  }

  TEST_CASE("events beyond a turn's share wait for the next, each is served once") {
    LoopFixture f;
    let_all_take(f, 200);
    std::vector<UniqueFd> fds;
    for (Token token = 0; token < 10; ++token) {
      fds.emplace_back(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
      REQUIRE_FALSE(f.loop.watch(fds.back().get(), token));
    }
    std::multiset<Token> seen;
    for (const std::size_t expected : {3u, 3u, 3u, 1u}) {
      const std::vector<LoopEvent> events = f.turn();
      CHECK(events.size() == expected);
      for (const LoopEvent& event : events) seen.insert(event.token);
    }
    for (Token token = 0; token < 10; ++token) CHECK(seen.count(token) == 1);
    CHECK(f.turn_now().empty());
  }

  TEST_CASE("the ready list goes round: nobody is served twice before all were served once") {
    LoopFixture f;
    f.sink.react = [&](Token token, Readiness) {
      f.loop.charge(300);
      f.loop.make_ready(token);
    };
    for (Token token = 1; token <= 5; ++token) f.loop.make_ready(token);
    std::vector<Token> seen;
    for (int i = 0; i < 6; ++i)
      for (const LoopEvent& event : f.turn()) seen.push_back(event.token);
    CHECK(seen == std::vector<Token>{1, 2, 3, 4, 5, 1, 2, 3, 4, 5});
  }

  TEST_CASE("events cannot use up the ready list's share, nor it theirs") {
    LoopFixture f;
    const SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    let_all_take(f, 100'000);
    for (Token token = 8; token <= 9; ++token) f.loop.make_ready(token);
    send_text(pair.theirs.get(), "x");
    f.turn();
    CHECK(f.sink.tokens() == std::vector<Token>{1, 8});
  }

  TEST_CASE("the urgent come first, and are taken in while others wait") {
    LoopFixture f;
    const SocketPair urgent = unix_pair();
    REQUIRE_FALSE(f.loop.watch(urgent.ours.get(), 50, Priority::urgent));
    CHECK(f.turn().size() == 1);
    let_all_take(f, 600);
    std::vector<UniqueFd> fds;
    for (Token token = 0; token < 4; ++token) {
      fds.emplace_back(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
      REQUIRE_FALSE(f.loop.watch(fds.back().get(), token));
    }
    CHECK(f.turn().size() == 1);
    send_text(urgent.theirs.get(), "x");
    f.turn();
    CHECK(f.sink.tokens().size() == 2);
    CHECK(f.sink.tokens().front() == 50);

    f.loop.make_ready(7);
    f.loop.make_ready(8);
    f.loop.make_ready(60, Priority::urgent);
    f.turn();
    CHECK(f.sink.tokens().size() == 3);
    CHECK(f.sink.tokens().front() == 60);
  }

  TEST_CASE("the urgent are bounded, too, and do not shut others out") {
    LoopFixture f;
    let_all_take(f, 600);
    std::vector<UniqueFd> fds;
    for (Token token = 100; token < 104; ++token) {
      fds.emplace_back(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
      REQUIRE_FALSE(f.loop.watch_level(fds.back().get(), token, Priority::urgent));
    }
    const UniqueFd other(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
    f.turn();
    REQUIRE_FALSE(f.loop.watch_level(other.get(), 1));
    for (int i = 0; i < 3; ++i) {
      f.turn();
      CHECK(f.sink.tokens().size() == 2);
      CHECK(f.sink.tokens().back() == 1);
    }
  }
}

}  // namespace
}  // namespace reactord
