// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/net/resolve.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>

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

TEST_CASE("a Unix socket that this user may not write to") {
  CHECK_EQ(cannot_connect({"", 0, "/run/x.sock"}, EACCES, "is it running?"),
           "cannot connect to unix:/run/x.sock: Permission denied; user " +
               std::to_string(::geteuid()) +
               " may not write to that socket: run as root or as a member of its group (ls -l "
               "/run/x.sock)");
}

TEST_CASE("where nobody answers, the caller knows what to do") {
  CHECK_EQ(cannot_connect({"", 0, "/run/x.sock"}, ENOENT, "is it running?"),
           "cannot connect to unix:/run/x.sock: No such file or directory; is it running?");
  // A packet filter's, not a file's.
  CHECK_EQ(cannot_connect({"::1", 7, ""}, EACCES, "is it running?"),
           "cannot connect to [::1]:7: Permission denied; is it running?");
}

}  // namespace
}  // namespace reactord::cli
