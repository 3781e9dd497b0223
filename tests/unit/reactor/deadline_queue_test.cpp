// SPDX-License-Identifier: MIT
#include "daemon/reactor/deadline_queue.h"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "tests/unit/support/fake_clock.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

struct IdleKind {};
struct FrameKind {};
using Queue = DeadlineQueue<IdleKind>;
using Link = DeadlineLink<IdleKind>;

std::vector<Link*> pop_all(Queue& queue, TimePoint now) {
  std::vector<Link*> expired;
  while (Link* link = queue.pop_expired(now)) expired.push_back(link);
  return expired;
}

TEST_SUITE("deadline_queue") {
  TEST_CASE("an empty queue has no deadline") {
    const FakeClock clock;
    Queue queue(10s);
    CHECK(queue.next() == std::nullopt);
    CHECK(queue.pop_expired(clock.now()) == nullptr);
  }

  TEST_CASE("a link expires when its time has come, and not a moment before") {
    FakeClock clock;
    Queue queue(10s);
    Link link;
    queue.arm(link, clock.now());
    CHECK(link.is_armed());
    CHECK(link.started() == clock.now());
    CHECK(queue.next() == clock.now() + 10s);

    clock.advance(10s - 1ns);
    CHECK(queue.pop_expired(clock.now()) == nullptr);
    clock.advance(1ns);
    CHECK(queue.pop_expired(clock.now()) == &link);
    CHECK_FALSE(link.is_armed());
    CHECK(queue.pop_expired(clock.now()) == nullptr);
    CHECK(queue.next() == std::nullopt);
  }

  TEST_CASE("one that has started earlier is put in its place") {
    FakeClock clock;
    Queue queue(10s);
    Link a, b, c, d;
    queue.arm(b, clock.now());
    queue.arm_earlier(a, clock.now() - 2s);
    queue.arm_earlier(d, clock.now() + 1s);
    queue.arm_earlier(c, clock.now());
    CHECK(queue.next() == clock.now() + 8s);
    CHECK(pop_all(queue, clock.now() + 20s) == std::vector<Link*>{&a, &b, &c, &d});
  }

  TEST_CASE("links expire in the order in which they started") {
    FakeClock clock;
    Queue queue(10s);
    Link a, b, c;
    queue.arm(a, clock.now());
    clock.advance(1s);
    queue.arm(b, clock.now());
    queue.arm(c, clock.now());
    clock.advance(9s);
    CHECK(pop_all(queue, clock.now()) == std::vector<Link*>{&a});
    clock.advance(1s);
    CHECK(pop_all(queue, clock.now()) == std::vector<Link*>{&b, &c});
  }

  TEST_CASE("arming again starts again, behind the others") {
    FakeClock clock;
    Queue queue(10s);
    Link a, b;
    queue.arm(a, clock.now());
    queue.arm(b, clock.now());
    clock.advance(5s);
    queue.arm(a, clock.now());
    clock.advance(5s);
    CHECK(pop_all(queue, clock.now()) == std::vector<Link*>{&b});
    CHECK(queue.next() == clock.now() + 5s);
    clock.advance(5s);
    CHECK(pop_all(queue, clock.now()) == std::vector<Link*>{&a});
  }

  TEST_CASE("a cancelled link does not expire, wherever it stood") {
    FakeClock clock;
    Queue queue(10s);
    Link a, b, c;
    for (Link* link : {&a, &b, &c}) queue.arm(*link, clock.now());
    clock.advance(10s);
    SUBCASE("first") {
      a.cancel();
      CHECK(pop_all(queue, clock.now()) == std::vector<Link*>{&b, &c});
    }
    SUBCASE("in the middle") {
      b.cancel();
      CHECK(pop_all(queue, clock.now()) == std::vector<Link*>{&a, &c});
    }
    SUBCASE("last, and twice") {
      c.cancel();
      c.cancel();
      CHECK(pop_all(queue, clock.now()) == std::vector<Link*>{&a, &b});
    }
    SUBCASE("by one that expired just before it") {
      CHECK(queue.pop_expired(clock.now()) == &a);
      b.cancel();
      CHECK(pop_all(queue, clock.now()) == std::vector<Link*>{&c});
    }
  }

  TEST_CASE("one that re-arms itself on expiry waits its full length again") {
    FakeClock clock;
    Queue queue(10s);
    Link link;
    queue.arm(link, clock.now());
    clock.advance(10s);
    CHECK(queue.pop_expired(clock.now()) == &link);
    queue.arm(link, clock.now());
    CHECK(queue.pop_expired(clock.now()) == nullptr);
    CHECK(queue.next() == clock.now() + 10s);
  }

  TEST_CASE("a new length holds for those that are waiting, and keeps their order") {
    FakeClock clock;
    Queue queue(10s);
    Link a, b;
    queue.arm(a, clock.now());
    clock.advance(1s);
    queue.arm(b, clock.now());
    SUBCASE("shorter") {
      queue.set_length(2s);
      clock.advance(1s);
      CHECK(pop_all(queue, clock.now()) == std::vector<Link*>{&a});
      clock.advance(1s);
      CHECK(pop_all(queue, clock.now()) == std::vector<Link*>{&b});
    }
    SUBCASE("longer") {
      queue.set_length(20s);
      CHECK(queue.length() == 20s);
      clock.advance(18s);
      CHECK(pop_all(queue, clock.now()).empty());
      clock.advance(1s);
      CHECK(pop_all(queue, clock.now()) == std::vector<Link*>{&a});
    }
    SUBCASE("off and on again") {
      queue.set_length(0s);
      clock.advance(1000s);
      CHECK(queue.next() == std::nullopt);
      CHECK(pop_all(queue, clock.now()).empty());
      queue.set_length(10s);
      CHECK(pop_all(queue, clock.now()) == std::vector<Link*>{&a, &b});
    }
  }

  TEST_CASE("a link that is destroyed leaves the queue") {
    const FakeClock clock;
    Queue queue(10s);
    Link before, after;
    queue.arm(before, clock.now());
    {
      Link between;
      queue.arm(between, clock.now());
      queue.arm(after, clock.now());
    }
    CHECK(pop_all(queue, clock.now() + 10s) == std::vector<Link*>{&before, &after});
  }

  TEST_CASE("a queue that is destroyed lets go of its links") {
    const FakeClock clock;
    Link a, b;
    {
      Queue queue(10s);
      queue.arm(a, clock.now());
      queue.arm(b, clock.now());
    }
    CHECK_FALSE(a.is_armed());
    CHECK_FALSE(b.is_armed());
    a.cancel();
    Queue next(1s);
    next.arm(a, clock.now());
    CHECK(next.pop_expired(clock.now() + 1s) == &a);
  }

  TEST_CASE("arming in another queue of the kind moves the link") {
    const FakeClock clock;
    Queue one(1s), other(5s);
    Link link;
    one.arm(link, clock.now());
    other.arm(link, clock.now());
    CHECK(one.next() == std::nullopt);
    CHECK(other.next() == clock.now() + 5s);
  }

  TEST_CASE("one object can wait in a queue of each kind") {
    struct Connection : DeadlineLink<IdleKind>, DeadlineLink<FrameKind> {};
    FakeClock clock;
    Queue idle(10s);
    DeadlineQueue<FrameKind> frame(3s);
    auto connection = std::make_unique<Connection>();
    idle.arm(*connection, clock.now());
    frame.arm(*connection, clock.now());
    clock.advance(3s);
    CHECK(static_cast<Connection*>(frame.pop_expired(clock.now())) == connection.get());
    CHECK(idle.next() == clock.now() + 7s);
    connection.reset();
    CHECK(idle.next() == std::nullopt);
  }
}

}  // namespace
}  // namespace reactord
