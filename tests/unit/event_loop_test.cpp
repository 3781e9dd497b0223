// SPDX-License-Identifier: MIT
#include "daemon/reactor/event_loop.h"

#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "daemon/reactor/slot_table.h"
#include "tests/unit/support/fake_clock.h"
#include "tests/unit/support/sockets.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

constexpr Token kOverslept = UINT64_MAX;

struct Event {
  Token token = 0;
  Readiness readiness;
};

bool is_from_ready_list(const Readiness& r) {
  return !r.readable && !r.writable && !r.peer_finished && !r.hung_up;
}

/// Notes everything in the order in which it comes; a test may hook into each step.
class Recorder final : public EventSink {
 public:
  void on_event(Token token, Readiness readiness) noexcept override {
    events.push_back({token, readiness});
    steps.push_back("event " + std::to_string(token));
    if (react) react(token, readiness);
  }
  std::optional<TimePoint> next_deadline() noexcept override { return deadline; }
  void on_deadlines(TimePoint now) noexcept override {
    steps.push_back("deadlines");
    deadlines_seen_at = now;
  }
  void on_turn_end() noexcept override {
    steps.push_back("end");
    if (at_end) at_end();
  }

  [[nodiscard]] std::vector<Token> tokens() const {
    std::vector<Token> all;
    for (const Event& event : events) all.push_back(event.token);
    return all;
  }

  std::function<void(Token, Readiness)> react;
  std::function<void()> at_end;
  std::optional<TimePoint> deadline;
  TimePoint deadlines_seen_at;
  std::vector<Event> events;
  std::vector<std::string> steps;
};

/// A loop on a fake clock. A turn that sleeps where it should not is woken by a timer of the kernel
/// after a while, and has failed.
struct Fixture {
  Fixture() : alarm(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    const itimerspec patience{{}, {kPatienceMilliseconds / 1000, 0}};
    require(::timerfd_settime(alarm.get(), 0, &patience, nullptr) == 0, "timerfd_settime");
    require(!loop.watch_level(alarm.get(), kOverslept), "watch_level");
  }

  /// What came in one turn.
  std::vector<Event> turn() {
    sink.events.clear();
    sink.steps.clear();
    loop.run_turn(sink);
    for (const Event& event : sink.events) REQUIRE(event.token != kOverslept);
    return sink.events;
  }
  /// A turn that does not sleep though nothing has come.
  std::vector<Event> turn_now() {
    sink.deadline = clock.now();
    std::vector<Event> events = turn();
    sink.deadline.reset();
    return events;
  }
  /// Watches, and takes the first edge, with which every new socket says that it is writable.
  void watch_settled(int fd, Token token) {
    REQUIRE_FALSE(loop.watch(fd, token));
    const std::vector<Event> events = turn_now();
    REQUIRE(events.size() == 1);
    REQUIRE(events[0].token == token);
  }

  FakeClock clock;
  EventLoop loop{clock};
  Recorder sink;
  UniqueFd alarm;
};

TEST_SUITE("event_loop: watching") {
  TEST_CASE("a new socket is writable at once, and readable when something came") {
    Fixture f;
    const SocketPair pair = unix_pair();
    REQUIRE_FALSE(f.loop.watch(pair.ours.get(), 7));
    std::vector<Event> events = f.turn();
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
    Fixture f;
    const SocketPair pair = unix_pair();
    REQUIRE_FALSE(f.loop.watch(pair.ours.get(), 1));
    CHECK(f.loop.watch(pair.ours.get(), 2) == std::errc::file_exists);
    CHECK(f.loop.watch_level(pair.ours.get(), 2) == std::errc::file_exists);
    f.turn();
    CHECK(f.sink.tokens() == std::vector<Token>{1});
  }

  TEST_CASE("what cannot be watched is refused") {
    Fixture f;
    CHECK(f.loop.watch(-1, 1) == std::errc::bad_file_descriptor);
    const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    CHECK(f.loop.watch(file.get(), 1) == std::errc::operation_not_permitted);
  }

  TEST_CASE("an edge that was not used up comes no more, until something new comes") {
    Fixture f;
    const SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    send_text(pair.theirs.get(), "four");
    CHECK(f.turn().size() == 1);
    CHECK(receive_text(pair.ours.get(), 1) == "f");
    CHECK(f.turn_now().empty());
    SUBCASE("but the ready list brings it back") {
      f.loop.make_ready(1);
      const std::vector<Event> events = f.turn();
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
    Fixture f;
    const SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    const std::string block(65'536, 'x');
    while (::send(pair.ours.get(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
    }
    CHECK(f.turn_now().empty());
    while (!receive_text(pair.theirs.get()).empty()) {
    }
    const std::vector<Event> events = f.turn();
    REQUIRE(events.size() == 1);
    CHECK(events[0].readiness.writable);
  }

  TEST_CASE("level-triggered: said again every turn until it is read") {
    Fixture f;
    const UniqueFd wake(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
    REQUIRE_FALSE(f.loop.watch_level(wake.get(), 3));
    for (int i = 0; i < 3; ++i) {
      const std::vector<Event> events = f.turn();
      REQUIRE(events.size() == 1);
      CHECK(events[0].readiness.readable);
      CHECK_FALSE(events[0].readiness.writable);
    }
    eventfd_t value = 0;
    CHECK(::eventfd_read(wake.get(), &value) == 0);
    CHECK(f.turn_now().empty());
  }

  TEST_CASE("more events than one turn takes are all served, over several turns") {
    Fixture f;
    std::vector<UniqueFd> fds;
    for (Token token = 0; token < 600; ++token) {
      fds.emplace_back(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
      REQUIRE_FALSE(f.loop.watch(fds.back().get(), token));
    }
    std::multiset<Token> seen;
    int turns = 0;
    while (seen.size() < fds.size()) {
      const std::vector<Event> events = f.turn();
      CHECK(events.size() <= 256);
      for (const Event& event : events) seen.insert(event.token);
      ++turns;
    }
    CHECK(turns == 3);
    for (Token token = 0; token < 600; ++token) CHECK(seen.count(token) == 1);
  }
}

TEST_SUITE("event_loop: closing") {
  TEST_CASE("a closed descriptor is not heard of again") {
    Fixture f;
    SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    send_text(pair.theirs.get(), "x");
    pair.ours.reset();
    CHECK(f.turn_now().empty());
  }

  TEST_CASE("closing oneself in the callback is fine") {
    Fixture f;
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
    Fixture f;
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
    Fixture f;
    SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    f.loop.make_ready(1);
    pair.ours.reset();
    CHECK(f.turn().size() == 1);  // the sink's table knows better
  }

  TEST_CASE("the peer's FIN comes while its last bytes are still unread") {
    Fixture f;
    for (const bool is_tcp : {true, false}) {
      CAPTURE(is_tcp);
      const SocketPair pair = is_tcp ? tcp_pair() : unix_pair();
      f.watch_settled(pair.ours.get(), 1);
      send_text(pair.theirs.get(), "last");
      ::shutdown(pair.theirs.get(), SHUT_WR);
      REQUIRE(wait_for(pair.ours.get(), POLLRDHUP));
      const std::vector<Event> events = f.turn();
      REQUIRE(events.size() == 1);
      CHECK(events[0].readiness.readable);
      CHECK(events[0].readiness.peer_finished);
      CHECK_FALSE(events[0].readiness.hung_up);
      CHECK(events[0].readiness.writable);
      CHECK(receive_text(pair.ours.get()) == "last");
    }
  }

  TEST_CASE("a FIN alone is an edge of its own") {
    Fixture f;
    const SocketPair pair = tcp_pair();
    f.watch_settled(pair.ours.get(), 1);
    send_text(pair.theirs.get(), "last");
    CHECK_FALSE(f.turn().at(0).readiness.peer_finished);
    ::shutdown(pair.theirs.get(), SHUT_WR);
    const std::vector<Event> events = f.turn();
    REQUIRE(events.size() == 1);
    CHECK(events[0].readiness.peer_finished);
    CHECK(receive_text(pair.ours.get()) == "last");
  }

  TEST_CASE("a reset hangs up while what came before it is still unread") {
    Fixture f;
    SocketPair pair = tcp_pair();
    f.watch_settled(pair.ours.get(), 1);
    send_text(pair.theirs.get(), "last");
    REQUIRE(wait_for(pair.ours.get(), POLLIN));
    close_with_reset(pair.theirs);
    REQUIRE(wait_for(pair.ours.get(), POLLRDHUP));
    const std::vector<Event> events = f.turn();
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
    Fixture f;
    f.loop.make_ready(5);
    f.sink.at_end = [&] {
      if (f.loop.figures().turns == 0) f.loop.make_ready(6);
    };
    f.turn();
    CHECK(f.sink.tokens() == std::vector<Token>{5});
    f.turn();
    CHECK(f.sink.tokens() == std::vector<Token>{6});
    CHECK(f.turn_now().empty());
  }

  TEST_CASE("one that is ready again and again starves no event") {
    Fixture f;
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
    Fixture f;
    for (const Token token : {4u, 9u, 4u, 4u}) f.loop.make_ready(token);
    f.turn();
    CHECK(f.sink.tokens() == std::vector<Token>{4, 9});
    CHECK(f.turn_now().empty());
  }

  TEST_CASE("one whose input never stops gets no larger share from turn to turn") {
    Fixture f;
    const SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    f.sink.react = [&](Token token, Readiness) { f.loop.make_ready(token); };
    for (int i = 0; i < 20; ++i) {
      send_text(pair.theirs.get(), "x");
      CHECK(f.turn().size() <= 2);  // its event, and its place on the list
    }
  }
}

TEST_SUITE("event_loop: time") {
  TEST_CASE("a turn goes: events, ready list, deadlines, timers, end") {
    Fixture f;
    const SocketPair pair = unix_pair();
    REQUIRE_FALSE(f.loop.watch(pair.ours.get(), 1));
    f.loop.make_ready(2);
    f.loop.timers().add(f.clock.now(), [&] { f.sink.steps.push_back("timer"); });
    f.turn();
    CHECK(f.sink.steps ==
          std::vector<std::string>{"event 1", "event 2", "deadlines", "timer", "end"});
  }

  TEST_CASE("the time stands still for a turn") {
    Fixture f;
    const TimePoint before = f.loop.now();
    f.clock.advance(5s);
    f.loop.make_ready(1);
    TimePoint seen;
    f.sink.react = [&](Token, Readiness) {
      f.clock.advance(3s);
      seen = f.loop.now();
    };
    f.turn();
    CHECK(seen == before + 5s);
    CHECK(f.sink.deadlines_seen_at == before + 5s);
    f.turn_now();
    CHECK(f.loop.now() == before + 8s);
  }

  TEST_CASE("whichever comes first ends the sleep: a timer or a deadline") {
    Fixture f;
    bool fired = false;
    f.loop.timers().add(f.clock.now() + 1s, [&] { fired = true; });
    f.sink.deadline = f.clock.now() + 1h;
    f.clock.advance(1s);
    SUBCASE("the timer") {}
    SUBCASE("the deadline") {
      f.sink.deadline = f.clock.now() - 1ms;
    }
    SUBCASE("the timer alone") {
      f.sink.deadline.reset();
    }
    CHECK(f.turn().empty());
    CHECK(fired);
  }

  TEST_CASE("a deadline that came while a turn ran is not slept over") {
    Fixture f;
    f.loop.make_ready(1);
    f.sink.deadline = f.clock.now() + 1h;
    f.sink.react = [&](Token, Readiness) { f.clock.advance(1h); };
    CHECK(f.turn().size() == 1);
    // By the time that this turn began, there would be an hour left.
    CHECK(f.turn().empty());
    CHECK(f.sink.deadlines_seen_at == f.clock.now());
  }

  TEST_CASE("a deadline that is centuries away breaks no arithmetic") {
    Fixture f;
    const UniqueFd wake(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
    REQUIRE_FALSE(f.loop.watch_level(wake.get(), 3));
    f.sink.deadline = TimePoint::max();
    CHECK(f.turn().size() == 1);
  }

  TEST_CASE("a timer that re-arms itself with no delay leaves room for events") {
    Fixture f;
    const SocketPair pair = unix_pair();
    f.watch_settled(pair.ours.get(), 1);
    int fired = 0;
    std::function<void()> again = [&] {
      ++fired;
      f.loop.timers().add(f.loop.now(), again);
    };
    f.loop.timers().add(f.loop.now(), again);
    f.turn();
    send_text(pair.theirs.get(), "x");
    CHECK(f.turn().size() == 1);
    CHECK(fired == 2);
  }

  TEST_CASE("a signal's handler ends the sleep: a turn without events") {
    Fixture f;
    struct sigaction before {};
    struct sigaction ours {};
    ours.sa_handler = [](int) {};
    REQUIRE(::sigaction(SIGALRM, &ours, &before) == 0);
    // Again and again, in case the first comes before the loop sleeps.
    const itimerval millisecond{{0, 1000}, {0, 1000}};
    const itimerval off{};
    ::setitimer(ITIMER_REAL, &millisecond, nullptr);
    f.sink.events.clear();
    f.loop.run_turn(f.sink);
    ::setitimer(ITIMER_REAL, &off, nullptr);
    ::sigaction(SIGALRM, &before, nullptr);
    CHECK(f.sink.events.empty());
    CHECK(f.sink.steps == std::vector<std::string>{"deadlines", "end"});
  }

  TEST_CASE("the figures count turns and events, and time the turns") {
    Fixture f;
    const SocketPair pair = unix_pair();
    REQUIRE_FALSE(f.loop.watch(pair.ours.get(), 1));
    f.loop.make_ready(2);
    f.sink.react = [&](Token, Readiness) { f.clock.advance(3ms); };
    f.turn();
    f.clock.advance(1h);  // asleep: neither busy nor a long turn
    f.loop.make_ready(2);
    f.turn();
    const EventLoop::Figures& figures = f.loop.figures();
    CHECK(figures.turns == 2);
    CHECK(figures.events == 1);
    CHECK(figures.longest_turn == 6ms);
    CHECK(figures.busy == 9ms);
  }
}

}  // namespace
}  // namespace reactord
