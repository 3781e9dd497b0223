// SPDX-License-Identifier: MIT
#include "daemon/limits/heap_trimmer.h"

#include <doctest/doctest.h>

#include "tests/unit/support/loop_fixture.h"

namespace reactord {
namespace {

constexpr std::size_t kMiB = 1u << 20;

struct HeapFixture : LoopFixture {
  int trims = 0;
  HeapTrimmer trimmer{loop, [this] { ++trims; }};

  /// The window ends, in which `held` were held at last.
  void pass_window(std::size_t held) {
    trimmer.note(held);
    clock.advance(HeapTrimmer::kWindow);
    turn_now();  // wakes; timers run once it is certain that nothing came before them
    turn_now();
  }
};

TEST_SUITE("heap_trimmer") {
  TEST_CASE("memory that a whole window did not need is returned, once") {
    HeapFixture f;
    f.pass_window(50 * kMiB);
    f.trimmer.note(0);
    f.pass_window(0);  // it began with 50 MiB
    CHECK(f.trims == 0);
    f.pass_window(0);
    CHECK(f.trims == 1);
    for (int i = 0; i < 10; ++i) f.pass_window(0);
    CHECK(f.trims == 1);
  }

  TEST_CASE("a load that goes on keeps its memory") {
    HeapFixture f;
    for (int i = 0; i < 20; ++i) {
      f.trimmer.note(50 * kMiB);
      f.pass_window(i % 2 == 0 ? 0 : kMiB);
    }
    CHECK(f.trims == 0);
  }

  TEST_CASE("a load that shrinks returns what it does not need any more") {
    HeapFixture f;
    f.pass_window(50 * kMiB);
    f.pass_window(20 * kMiB);
    f.pass_window(20 * kMiB);
    CHECK(f.trims == 1);
    f.pass_window(20 * kMiB);
    CHECK(f.trims == 1);
    f.pass_window(0);
    f.pass_window(0);
    CHECK(f.trims == 2);
  }

  TEST_CASE("a little is not worth it, and nobody at rest is woken") {
    HeapFixture f;
    f.pass_window(HeapTrimmer::kWorthwhileBytes - 1);
    f.pass_window(0);
    CHECK(f.loop.timers().next() == std::nullopt);
    f.pass_window(2 * kMiB);
    CHECK(f.loop.timers().next().has_value());
    f.pass_window(0);
    f.pass_window(0);
    CHECK(f.trims == 1);
    CHECK(f.loop.timers().next() == std::nullopt);
  }
}

}  // namespace
}  // namespace reactord
