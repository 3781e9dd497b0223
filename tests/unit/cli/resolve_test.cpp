// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/net/resolve.h"

#include <doctest/doctest.h>

namespace reactord::cli {
namespace {

TEST_CASE("addresses need no resolver") {
  const Resolved v4 = resolve({"127.0.0.1", 7000, ""});
  REQUIRE_EQ(v4.addresses.size(), 1);
  CHECK_EQ(v4.addresses[0].to_string(), "127.0.0.1:7000");
  const Resolved v6 = resolve({"::1", 7000, ""});
  REQUIRE_EQ(v6.addresses.size(), 1);
  CHECK_EQ(v6.addresses[0].to_string(), "[::1]:7000");
  const Resolved path = resolve({"", 0, "/run/x.sock"});
  REQUIRE_EQ(path.addresses.size(), 1);
  CHECK_EQ(path.addresses[0].to_string(), "unix:/run/x.sock");
  CHECK_EQ(v4.problem + v6.problem + path.problem, "");
}

TEST_CASE("what is no address is told, and what to do") {
  const Resolved found = resolve({"1.2.3.4.5 ", 7000, ""});
  CHECK(found.addresses.empty());
  CHECK(found.problem.starts_with("cannot find the address of '1.2.3.4.5 ': "));
  CHECK(found.problem.ends_with("; check its spelling, or give an IP address with --host"));
}

}  // namespace
}  // namespace reactord::cli
