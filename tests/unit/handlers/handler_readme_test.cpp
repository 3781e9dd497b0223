// SPDX-License-Identifier: MIT
// The handlers that daemon/handlers/README.md shows, built from that page (handler_readme.cmake).
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/support/fake_service.h"

namespace reactord {

HandlerEntry greet_handler();
HandlerEntry later_handler();

namespace {

using test::HandlerBench;

TEST_CASE("the README's GREET answers, counts and takes its setting") {
  HandlerBench bench(greet_handler());
  bench.encoding = ReplyEncoding::plain;
  CHECK(bench.send("GREET Ada") == "hello, Ada (1)\n");
  CHECK(bench.send("GREET") == "hello, stranger (2)\n");

  const HandlerTableSpec table = greet_handler().table;
  REQUIRE(table.keys.size() == 1);
  CHECK(table.keys[0].name == "greeting");
  const std::shared_ptr<void> settings = table.make();
  CHECK(table.keys[0].set(settings.get(), std::string("good morning"), {}) == "");
  bench.handler("greet").reload(settings.get());
  CHECK(bench.send("GREET Ada") == "good morning, Ada (3)\n");
}

TEST_CASE("the README's LATER answers when its timer fires") {
  HandlerBench bench(later_handler());
  CHECK(bench.send("LATER 50 hello") == "");
  CHECK(bench.result == HandlerResult::pending);
  REQUIRE(bench.service.timers.size() == 1);
  bench.service.timers[0]();
  CHECK(bench.context.port.written == "$5\r\nhello\r\n");
  CHECK(bench.context.port.completed == 1);
  CHECK(bench.context.port.abandoned == 0);
  CHECK(bench.send("LATER 60001 hello") ==
        "-ERR milliseconds must be an integer from 0 to 60000\r\n");
}

TEST_CASE("the README's LATER forgets a connection that has gone") {
  HandlerBench bench(later_handler());
  bench.send("LATER 50 hello");
  bench.context.on_gone();
  CHECK(bench.context.port.written == "");
  CHECK(bench.context.port.completed == 0);
}

}  // namespace
}  // namespace reactord
