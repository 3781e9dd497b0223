// SPDX-License-Identifier: MIT
#include "daemon/reload/reload_answer.h"

#include <doctest/doctest.h>
#include <unistd.h>

using namespace reactord;
using namespace std::chrono_literals;

TEST_CASE("who asks for a reload hears what became of it") {
  const ReloadAnswerSocket asker;
  REQUIRE(asker.number());
  answer_reload(*asker.number(), {.applied = {"a"}, .needs_restart = {"b"}});
  const auto good = asker.wait_for(::getpid(), 10s);
  REQUIRE(good);
  CHECK(good->is_reloaded);
  CHECK(good->text == "applied: a\nneeds a restart: b\n");
  answer_reload(*asker.number(), {.problems = {"f.toml:1:2: is odd"}});
  const auto bad = asker.wait_for(::getpid(), 10s);
  REQUIRE(bad);
  CHECK_FALSE(bad->is_reloaded);
  CHECK(bad->text == "f.toml:1:2: is odd\n");
}

TEST_CASE("an answer of another process is none") {
  const ReloadAnswerSocket asker;
  REQUIRE(asker.number());
  answer_reload(*asker.number(), {});
  CHECK_FALSE(asker.wait_for(::getppid(), 0ms));
  CHECK_FALSE(asker.wait_for(::getppid(), 1ms));
}

TEST_CASE("a number that names nobody is answered to nobody") {
  const ReloadAnswerSocket asker;
  REQUIRE(asker.number());
  answer_reload(0, {});
  answer_reload(*asker.number() & 0xfffff, {});
  CHECK_FALSE(asker.wait_for(::getpid(), 1ms));
}
