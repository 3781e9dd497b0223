// SPDX-License-Identifier: MIT
// Planned times and the agenda, with times that the test gives.
#include "tools/reactor-load/run/pacing.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/support/fake_clock.h"

namespace reactord::load {
namespace {

using namespace std::chrono_literals;

TEST_CASE("even times are the same time apart, and do not drift") {
  const FakeClock clock;
  const TimePoint start = clock.now();
  // A third of a microsecond is no whole number of nanoseconds.
  Pacer pacer(start, std::chrono::duration<double>(1e-6 / 3), Arrivals::even, 1);
  CHECK(pacer.due() == start);
  for (int i = 0; i < 3'000'000; ++i) pacer.advance();
  const auto off = pacer.due() - (start + 1s);
  CHECK(off <= 1us);
  CHECK(off >= -1us);
}

TEST_CASE("a plan does not wait for who is late") {
  FakeClock clock;
  Pacer pacer(clock.now(), 1ms, Arrivals::even, 1);
  clock.advance(10ms);  // nothing was sent meanwhile
  int due = 0;
  while (pacer.due() <= clock.now()) {
    ++due;
    pacer.advance();
  }
  CHECK_EQ(due, 11);
  CHECK(pacer.due() == clock.now() + 1ms);
}

TEST_CASE("random times have their mean, and the same seed the same times") {
  const FakeClock clock;
  Pacer pacer(clock.now(), 1ms, Arrivals::random, 5);
  Pacer same(clock.now(), 1ms, Arrivals::random, 5);
  Pacer other(clock.now(), 1ms, Arrivals::random, 6);
  TimePoint last = clock.now();
  int short_gaps = 0;
  for (int i = 0; i < 20'000; ++i) {
    REQUIRE(pacer.due() >= last);
    CHECK(pacer.due() == same.due());
    if (pacer.due() - last < 100us) ++short_gaps;
    last = pacer.due();
    pacer.advance();
    same.advance();
  }
  CHECK(same.due() != other.due());
  const double mean = std::chrono::duration<double>(last - clock.now()).count() / 20'000;
  CHECK(mean == doctest::Approx(0.001).epsilon(0.05));
  // Of an exponential distribution 9.5% lie below a tenth of the mean; of an even one, none.
  CHECK(short_gaps == doctest::Approx(20'000 * 0.095).epsilon(0.1));
}

TEST_CASE("the agenda gives what is due, in order of time") {
  FakeClock clock;
  Agenda agenda;
  CHECK_FALSE(agenda.next());
  for (const int delay : {5, 1, 4, 2, 3}) {
    agenda.add(
        {clock.now() + std::chrono::milliseconds(delay), static_cast<std::uint32_t>(delay), 0});
  }
  CHECK(agenda.next() == clock.now() + 1ms);
  CHECK_FALSE(agenda.pop_due(clock.now()));
  clock.advance(3ms);
  std::vector<std::uint32_t> order;
  while (const auto entry = agenda.pop_due(clock.now())) order.push_back(entry->who);
  CHECK_EQ(order, std::vector<std::uint32_t>{1, 2, 3});
  CHECK(agenda.next() == clock.now() + 1ms);
}

}  // namespace
}  // namespace reactord::load
