// SPDX-License-Identifier: MIT
#include "daemon/reactor/turn_histogram.h"

#include <doctest/doctest.h>

namespace reactord {
namespace {

using namespace std::chrono_literals;

TEST_SUITE("turn_histogram") {
  TEST_CASE("nothing measured is zero") {
    const TurnHistogram lengths;
    CHECK(lengths.count() == 0);
    CHECK(lengths.at_share(0.5) == 0ns);
    CHECK(lengths.at_share(1) == 0ns);
  }

  TEST_CASE("a length is told as itself or up to an eighth more") {
    for (const Duration length : {0ns, 1ns, 7ns, 8ns, 9ns, 15ns, 16ns, 17ns, 999ns, 1'000'000ns,
                                  1'999'999ns, 2'000'000ns, 60'000'000'000ns}) {
      CAPTURE(length.count());
      TurnHistogram lengths;
      lengths.record(length);
      const Duration told = lengths.at_share(1);
      CHECK(told >= length);
      CHECK(told <= length + length / 8);
    }
  }

  TEST_CASE("shares: one long turn in ten thousand is beyond the 99.99th, not beyond all") {
    TurnHistogram lengths;
    for (int i = 0; i < 9'999; ++i) lengths.record(i < 9'900 ? 10us : 100us);
    lengths.record(5ms);
    CHECK(lengths.count() == 10'000);
    CHECK(lengths.at_share(0.5) < 12us);
    CHECK(lengths.at_share(0.99) < 12us);
    CHECK(lengths.at_share(0.995) >= 100us);
    CHECK(lengths.at_share(0.9999) < 120us);
    CHECK(lengths.at_share(1) >= 5ms);
  }

  TEST_CASE("a turn of a day is a long one") {
    TurnHistogram lengths;
    lengths.record(24h);
    CHECK(lengths.at_share(1) > 60s);
  }
}

}  // namespace
}  // namespace reactord
