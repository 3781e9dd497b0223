// SPDX-License-Identifier: MIT
#include "daemon/records/turn_record.h"

#include <doctest/doctest.h>

namespace reactord {
namespace {

using namespace std::chrono_literals;
using Samples = std::vector<SlowTurns::Sample>;

std::chrono::system_clock::time_point at(std::chrono::milliseconds time) {
  return std::chrono::system_clock::time_point(time);
}

TEST_CASE("slow turns: the longest of each second") {
  TurnRecord record;
  record.note(at(5000ms), 12ms);
  record.note(at(5900ms), 30ms);
  record.note(at(5999ms), 11ms);
  record.note(at(7000ms), 15ms);
  CHECK(record.turns().samples == Samples{{5, 30}, {7, 15}});
  CHECK(record.turns().longest_ms == 30);
  record.forget();
  CHECK(record.turns().samples.empty());
  CHECK(record.turns().longest_ms == 0);
}

TEST_CASE("slow turns: the latest 160 seconds; the longest of all stays") {
  TurnRecord record;
  record.note(at(0ms), 99ms);
  for (int second = 1; second <= 200; ++second) record.note(at(1000ms * second), 11ms);
  REQUIRE(record.turns().samples.size() == 160);
  CHECK(record.turns().samples.front().time == 41);
  CHECK(record.turns().samples.back().time == 200);
  CHECK(record.turns().longest_ms == 99);
}

}  // namespace
}  // namespace reactord
