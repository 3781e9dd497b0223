// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

using test::HandlerBench;

TEST_CASE("DEBUG DUMP: part by part, and who has asked") {
  HandlerBench bench;
  CHECK(bench.send("DEBUG DUMP") == "$2\r\n{}\r\n");
  CHECK(bench.slices == 2);
  REQUIRE(bench.service.fake_diagnostics.dumps.size() == 1);
  CHECK(bench.service.fake_diagnostics.dumps[0].starts_with("DEBUG DUMP by "));
  bench.encoding = ReplyEncoding::resp3;
  CHECK(bench.send("DEBUG DUMP") == "=6\r\ntxt:{}\r\n");
}

}  // namespace
}  // namespace reactord
