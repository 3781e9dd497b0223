// SPDX-License-Identifier: MIT
// A timer of the kernel: quiet until its time, readable from then on, quiet again once cleared.
#include "daemon/reactor/precise_timer.h"

#include <doctest/doctest.h>
#include <poll.h>

#include "tests/unit/support/sockets.h"

namespace reactord {
namespace {

bool is_readable(const PreciseTimer& timer) {
  pollfd one{timer.fd(), POLLIN, 0};
  return ::poll(&one, 1, 0) == 1;
}

TEST_CASE("a time that has passed is told at once, and until it is cleared") {
  PreciseTimer timer;
  CHECK_FALSE(is_readable(timer));
  const TimePoint past = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  timer.set(past);
  CHECK(is_readable(timer));
  CHECK(is_readable(timer));
  timer.clear();
  CHECK_FALSE(is_readable(timer));
  timer.set(past);  // the same time again is a new order
  CHECK(is_readable(timer));
}

TEST_CASE("a time to come is told then, and not before") {
  PreciseTimer timer;
  timer.set(std::chrono::steady_clock::now() + std::chrono::hours(1));
  CHECK_FALSE(is_readable(timer));
  const TimePoint soon = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
  timer.set(soon);
  REQUIRE(wait_for(timer.fd(), POLLIN));
  CHECK(std::chrono::steady_clock::now() >= soon);
}

TEST_CASE("an order that is changed is forgotten") {
  PreciseTimer timer;
  timer.set(std::chrono::steady_clock::now() - std::chrono::seconds(1));
  timer.set(std::chrono::steady_clock::now() + std::chrono::hours(1));
  CHECK_FALSE(is_readable(timer));
}

}  // namespace
}  // namespace reactord
