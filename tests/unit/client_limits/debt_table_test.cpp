// SPDX-License-Identifier: MIT
// Very many clients beside the few that a table has room for.
#include "daemon/client_limits/debt_table.h"

#include <doctest/doctest.h>

namespace reactord {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{std::chrono::hours(1)};
constexpr HashSeed kSeed{.first = 1, .second = 2};

Gcra::Debt at(Duration later) {
  return (kNow + later).time_since_epoch().count();
}

LimitKey key(std::uint64_t number) {
  return {number, 7};
}

TEST_CASE("debt table: whoever is not known owes nothing") {
  DebtTable table(1000, kSeed);
  CHECK(table.capacity() == 1000);
  CHECK(table.find(key(1)).latest() == 0);
  table.charge(key(1), kNow).requests = at(1s);
  CHECK(table.find(key(1)).requests == at(1s));
  CHECK(table.find(key(2)).latest() == 0);
  CHECK(table.find({}).latest() == 0);
  table.charge({}, kNow).bytes = at(2s);
  CHECK(table.find({}).bytes == at(2s));
}

TEST_CASE("debt table: a million addresses do not make it forget those who owe much") {
  DebtTable table(1024, kSeed);
  constexpr std::uint64_t kOwing = 100;
  for (std::uint64_t n = 0; n < kOwing; ++n) table.charge(key(n), kNow).requests = at(60s);
  for (std::uint64_t n = 0; n < 1'000'000; ++n)
    table.charge(key(1000 + n), kNow).requests = at(1ms);
  for (std::uint64_t n = 0; n < kOwing; ++n) CHECK(table.find(key(n)).requests == at(60s));
  CHECK(table.forgotten() > 900'000);
}

TEST_CASE("debt table: those who are out of debt make room, and are not missed") {
  DebtTable table(64, kSeed);
  for (std::uint64_t n = 0; n < 64; ++n) table.charge(key(n), kNow).requests = at(1s);
  const std::uint64_t before = table.forgotten();
  for (std::uint64_t n = 0; n < 64; ++n) table.charge(key(100 + n), kNow + 1s).requests = at(3s);
  CHECK(table.forgotten() < before + 32);
  CHECK(table.find(key(163)).requests == at(3s));
}

TEST_CASE("debt table: looking does not prolong an entry's life") {
  DebtTable table(8, kSeed);
  for (std::uint64_t n = 0; n < 8; ++n) table.charge(key(n), kNow).requests = at((n + 1) * 1s);
  for (int n = 0; n < 1000; ++n) CHECK(table.find(key(0)).requests == at(1s));
  table.charge(key(8), kNow).requests = at(10s);
  CHECK(table.find(key(0)).requests == 0);
  CHECK(table.find(key(1)).requests == at(2s));
}

TEST_CASE("debt table: the seed is another each time, and decides who shares a set") {
  const HashSeed one = HashSeed::random();
  const HashSeed other = HashSeed::random();
  CHECK((one.first != other.first || one.second != other.second));
}

}  // namespace
}  // namespace reactord
