// SPDX-License-Identifier: MIT
#include "daemon/records/slow_log.h"

#include <doctest/doctest.h>

#include "daemon/records/shown_words.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

Texts shown(const std::vector<std::string_view>& words, std::size_t secret = SIZE_MAX) {
  return ShortWords::of(words, words.size(), secret);
}

TEST_CASE("slow log: what is above the threshold is slow; without one nothing is") {
  SlowLog log;
  CHECK_FALSE(log.is_slow(24h));
  log.set_limits(10ms, 3);
  CHECK_FALSE(log.is_slow(10ms));
  CHECK(log.is_slow(10ms + 1ns));
}

TEST_CASE("slow log: the latest, newest first; ids are never used twice") {
  SlowLog log;
  log.set_limits(10ms, 3);
  for (int i = 0; i < 5; ++i) log.add({.time = i});
  const Diagnostics::SlowRequests all = log.latest(10);
  REQUIRE(all.size() == 3);
  CHECK(log.size() == 3);
  CHECK(all[0]->id == 4);
  CHECK(all[2]->time == 2);
  CHECK(log.latest(1).size() == 1);
  log.set_limits(10ms, 2);
  CHECK(log.size() == 2);
  log.forget();
  CHECK(log.latest(10).empty());
  log.add({});
  CHECK(log.latest(1)[0]->id == 5);
  CHECK(all[0]->id == 4);  // who reads it does so undisturbed
}

TEST_CASE("shown words: as many and as long as Redis shows") {
  const std::string at_limit(128, 'a');
  const std::string over = at_limit + "bcd";
  CHECK(shown({"SET", at_limit, over}) == Texts{"SET", at_limit, at_limit + "... (3 more bytes)"});
  CHECK(shown(std::vector<std::string_view>(32, "w")).back() == "w");
  const Texts many = shown(std::vector<std::string_view>(40, "w"));
  REQUIRE(many.size() == 32);
  CHECK(many[30] == "w");
  CHECK(many[31] == "... (9 more arguments)");
}

TEST_CASE("shown words: secrets are not, of whatever length") {
  const std::string secret(500, 's');
  CHECK(shown({"AUTH", "ann", secret}, 1) == Texts{"AUTH", "(redacted)", "(redacted)"});
}

TEST_CASE("where a request's secrets begin") {
  const std::vector<std::string_view> hello{"HELLO", "3", "auth", "ann", "pw"};
  CHECK(first_secret(hello, 1, Secrets::none) == 5);
  CHECK(first_secret(hello, 1, Secrets::all) == 1);
  CHECK(first_secret(hello, 1, Secrets::behind_auth) == 3);
  const std::vector<std::string_view> migrate{"MIGRATE", "h", "AUTH2", "ann", "pw"};
  CHECK(first_secret(migrate, 1, Secrets::behind_auth) == 3);
  const std::vector<std::string_view> echo{"AUTH"};
  CHECK(first_secret(echo, 1, Secrets::behind_auth) == 1);
}

}  // namespace
}  // namespace reactord
