// SPDX-License-Identifier: MIT
#include "daemon/users/guesses.h"

#include <doctest/doctest.h>

#include <cstring>

using namespace std::chrono_literals;

namespace reactord {
namespace {

LoginSource source(std::uint32_t number) {
  LoginSource made{};
  std::memcpy(made.data(), &number, sizeof number);
  return made;
}

TEST_CASE("the first wrong passwords are free, then each source waits longer, up to a bound") {
  Guesses guesses;
  const TimePoint now = TimePoint{} + 1h;
  CHECK(guesses.not_before(source(1)) == TimePoint{});
  for (int i = 0; i < Guesses::kFree; ++i) CHECK(guesses.note(source(1), now) == now);
  for (const Duration pause : {250ms, 500ms, 1000ms, 2000ms, 4000ms, 4000ms, 4000ms})
    CHECK(guesses.note(source(1), now) == now + pause);
  CHECK(guesses.not_before(source(1)) == now + 4s);
  CHECK(guesses.not_before(source(2)) == TimePoint{});
  CHECK(guesses.note(source(2), now) == now);
}

TEST_CASE("who has guessed no more for a while begins anew, however often it was looked at") {
  Guesses guesses;
  TimePoint now = TimePoint{} + 1h;
  for (int i = 0; i < 10; ++i) (void)guesses.note(source(1), now);
  now += Guesses::kMemory + 1ms;
  CHECK(guesses.not_before(source(1)) < now);
  (void)guesses.note(source(2), now);
  CHECK(guesses.size() == 1);
  CHECK(guesses.note(source(1), now) == now);
}

TEST_CASE("only so many sources are kept: the one that was good for the longest is forgotten") {
  Guesses guesses;
  const TimePoint now = TimePoint{} + 1h;
  for (int i = 0; i < 5; ++i) (void)guesses.note(source(0), now);
  for (std::uint32_t i = 1; i <= Guesses::kMaxSources; ++i) (void)guesses.note(source(i), now);
  CHECK(guesses.size() == Guesses::kMaxSources);
  CHECK(guesses.not_before(source(0)) == TimePoint{});
}

}  // namespace
}  // namespace reactord
