// SPDX-License-Identifier: MIT
// What the dispatcher itself answers, through a running server; and what it charges for.
#include "daemon/dispatch/dispatcher.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/support/dispatch_bench.h"
#include "tests/unit/support/running_server.h"
#include "tests/unit/support/test_handlers.h"

using namespace reactord;
using namespace reactord::test;

TEST_CASE("arity: a bound that the synopsis does not show is told where it is exceeded") {
  RunningServer server(test_handlers());
  TestClient client(server);
  CHECK(client.ask("TESTWORDS a b c") == "3\n");
  CHECK(client.ask("TESTWORDS a b c d") ==
        "(error) ERR wrong number of arguments for 'testwords' command; it takes at most 3, not "
        "4\n");
  CHECK(client.ask("TESTWORDS") ==
        "(error) ERR wrong number of arguments for 'testwords' command\n");
  CHECK(client.ask("TESTDROP a b") ==
        "(error) ERR wrong number of arguments for 'testdrop' command\n");
}

TEST_CASE("dispatcher: the words of a line count for its connection's share") {
  constexpr int kWords = 20'000;
  constexpr WorkUnits kWordsPerUnit = 32;  // daemon/dispatch/dispatcher_words.cpp
  DispatchBench bench;
  std::string line = "nothing";
  for (int i = 0; i < kWords; ++i) line += " a";
  bench.serve(line + "\n");
  CHECK(bench.served_context.take_work() >= kWords / kWordsPerUnit);
  bench.serve("nothing a\n");
  CHECK(bench.served_context.take_work() < kWords / kWordsPerUnit);
}
