// SPDX-License-Identifier: MIT
#include "daemon/handlers/relay/hash_ring.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace reactord {
namespace {

using Names = std::vector<std::string>;
constexpr int kKeys = 20'000;

Names backends(int count) {
  Names names;
  for (int i = 0; i < count; ++i) names.push_back(fmt::format("10.0.0.{}:6379", i));
  return names;
}

/// By name, whom each key belongs to.
Names owners(const Names& names) {
  const HashRing ring(names);
  Names all;
  for (int i = 0; i < kKeys; ++i) all.push_back(names[ring.find(fmt::format("user:{}", i))]);
  return all;
}

int differences(const Names& a, const Names& b) {
  int count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += a[i] == b[i] ? 0 : 1;
  return count;
}

TEST_CASE("hash ring: the hash is the same on every machine and in every version") {
  CHECK(stable_hash("") == 0xefd01f60ba992926);
  CHECK(stable_hash("foobar") == 0x2c22194922d1672b);
}

TEST_CASE("hash ring: one backend more moves its share of the keys, and to itself alone") {
  const Names ten = owners(backends(10));
  const Names eleven = owners(backends(11));
  const std::string added = backends(11).back();
  for (std::size_t i = 0; i < ten.size(); ++i)
    if (ten[i] != eleven[i]) REQUIRE(eleven[i] == added);
  CHECK(differences(ten, eleven) <= kKeys * 11 / 100);
  CHECK(differences(ten, eleven) > kKeys * 7 / 100);
}

TEST_CASE("hash ring: removing a backend moves its keys alone, wherever in the list it stood") {
  for (int removed : {0, 4, 9}) {
    Names fewer = backends(10);
    const std::string gone = fewer[static_cast<std::size_t>(removed)];
    fewer.erase(fewer.begin() + removed);
    const Names before = owners(backends(10));
    const Names after = owners(fewer);
    for (std::size_t i = 0; i < before.size(); ++i)
      REQUIRE((before[i] == gone || before[i] == after[i]));
  }
}

TEST_CASE("hash ring: the order of the list does not matter") {
  Names reversed = backends(10);
  std::reverse(reversed.begin(), reversed.end());
  CHECK(differences(owners(backends(10)), owners(reversed)) == 0);
}

TEST_CASE("hash ring: no backend has much more than its share") {
  const Names all = owners(backends(10));
  for (const std::string& name : backends(10)) {
    CHECK(std::count(all.begin(), all.end(), name) > kKeys * 7 / 100);
    CHECK(std::count(all.begin(), all.end(), name) < kKeys * 13 / 100);
  }
}

}  // namespace
}  // namespace reactord
