// SPDX-License-Identifier: MIT
// SLOWLOG: in the shapes of Redis 7.0.15, with something to tell and without.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

using test::HandlerBench;

void put(HandlerBench& bench, std::uint64_t id) {
  bench.service.fake_diagnostics.requests.push_back(
      std::make_shared<SlowRequest>(SlowRequest{.id = id,
                                                .time = 100,
                                                .took = std::chrono::microseconds(12'345),
                                                .words = {"TEXT", "hi"},
                                                .peer = "127.0.0.1:5",
                                                .client_name = "me"}));
}

std::string entry(int id) {
  return "*6\r\n:" + std::to_string(id) +
         "\r\n:100\r\n:12345\r\n*2\r\n$4\r\nTEXT\r\n$2\r\nhi\r\n$11\r\n127.0.0.1:5\r\n$2\r\nme\r\n";
}

TEST_CASE("SLOWLOG without anything on record") {
  HandlerBench bench;
  CHECK(bench.send("SLOWLOG GET") == "*0\r\n");
  CHECK(bench.send("SLOWLOG GET -1") == "*0\r\n");
  CHECK(bench.send("SLOWLOG LEN") == ":0\r\n");
  CHECK(bench.send("SLOWLOG RESET") == "+OK\r\n");
}

TEST_CASE("SLOWLOG GET: ten, as many as are wanted, or all") {
  HandlerBench bench;
  for (std::uint64_t id = 40; id > 0; --id) put(bench, id);
  CHECK(bench.send("SLOWLOG LEN") == ":40\r\n");
  CHECK(bench.send("SLOWLOG GET").starts_with("*10\r\n" + entry(40) + entry(39)));
  CHECK(bench.send("SLOWLOG GET 1") == "*1\r\n" + entry(40));
  CHECK(bench.send("SLOWLOG GET 0") == "*0\r\n");
  CHECK(bench.send("SLOWLOG GET -1").starts_with("*40\r\n"));
  CHECK(bench.slices == 2);
  CHECK(bench.send("SLOWLOG RESET") == "+OK\r\n");
  CHECK(bench.send("SLOWLOG LEN") == ":0\r\n");
}

TEST_CASE("SLOWLOG GET: what is no count") {
  HandlerBench bench;
  const std::string error = "-ERR count should be greater than or equal to -1\r\n";
  CHECK(bench.send("SLOWLOG GET -2") == error);
  CHECK(bench.send("SLOWLOG GET x") == error);
}

TEST_CASE("SLOWLOG DETAILS: two fields more") {
  HandlerBench bench;
  put(bench, 1);
  const std::string six = entry(1).substr(4);
  CHECK(bench.send("SLOWLOG DETAILS") == "*1\r\n*8\r\n" + six + "$7\r\nhandler\r\n$0\r\n\r\n");
  SlowRequest deferred = *bench.service.fake_diagnostics.requests[0];
  deferred.is_deferred = true;
  deferred.traceparent = "00-x";
  bench.service.fake_diagnostics.requests[0] = std::make_shared<SlowRequest>(deferred);
  CHECK(bench.send("SLOWLOG DETAILS") == "*1\r\n*8\r\n" + six + "$6\r\nbehind\r\n$4\r\n00-x\r\n");
  CHECK(bench.send("SLOWLOG GET") == "*1\r\n" + entry(1));
}

TEST_CASE("SLOWLOG HELP lists its subcommands") {
  HandlerBench bench;
  CHECK(bench.send("SLOWLOG HELP").starts_with("*11\r\n+SLOWLOG <subcommand>"));
}

}  // namespace
}  // namespace reactord
