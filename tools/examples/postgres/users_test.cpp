// SPDX-License-Identifier: MIT
// What can be tested without a database. The rest needs one (tests/integration/examples_test.py).
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <reactord/testing/handler_bench.h>

#include <chrono>
#include <stdexcept>

#include "backoff.h"
#include "host_lookup.h"

reactord::HandlerEntry users_handler();  // users.cpp

namespace {

using namespace std::chrono_literals;
using reactord::test::HandlerBench;

TEST_CASE("pauses grow twofold up to a bound, with jitter, and begin anew after a success") {
  users::Backoff backoff(1);
  std::chrono::milliseconds full = 100ms;
  for (int i = 0; i < 20; ++i) {
    const auto pause = backoff.next();
    CHECK(pause >= full / 2);
    CHECK(pause <= full);
    full = std::min<std::chrono::milliseconds>(full * 2, 5s);
  }
  backoff.reset();
  CHECK(backoff.next() <= 100ms);
}

TEST_CASE("only a host's name is looked up") {
  CHECK(users::host_to_look_up("host=db.example.org dbname=x") == "db.example.org");
  for (const char* conninfo : {"dbname=x", "host=/run/postgresql", "host=10.0.0.7", "host=::1",
                               "host=db.example.org hostaddr=10.0.0.7"})
    CHECK_FALSE(users::host_to_look_up(conninfo));
  CHECK_THROWS_AS((void)users::host_to_look_up("host=a,b"), std::invalid_argument);
  CHECK_THROWS_AS((void)users::host_to_look_up("nonsense"), std::invalid_argument);
}

TEST_CASE("the name is looked up by a worker; where none is free, later") {
  HandlerBench bench(users_handler(), {{"conninfo", "host=nowhere.invalid"}});
  CHECK(bench.service.tasks() == 1);
  CHECK(bench.send("USER 1") == "");
  CHECK(bench.send("USER one") == "-ERR a user's id is an integer\r\n");
  bench.service.advance(1s);
  CHECK(bench.context.take_output() == "-TIMEOUT the database has not answered in time\r\n");
}

}  // namespace
