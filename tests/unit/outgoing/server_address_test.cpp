// SPDX-License-Identifier: MIT
#include "daemon/outgoing/server_address.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

namespace reactord {
namespace {

TEST_CASE("addresses of servers") {
  const auto read = [](std::string_view text) {
    ServerAddress address;
    const std::string problem = parse_server_address(text, address);
    return problem.empty() ? address.host + "|" + std::to_string(address.port) + "|" + address.path
                           : problem;
  };
  CHECK_EQ(read("redis.example:6379"), "redis.example|6379|");
  CHECK_EQ(read("127.0.0.1:1"), "127.0.0.1|1|");
  CHECK_EQ(read("[::1]:65535"), "::1|65535|");
  CHECK_EQ(read("unix:/run/x.sock"), "|0|/run/x.sock");
  for (const std::string& text :
       {std::string("redis"), std::string(""), std::string("redis:"), std::string("redis:0"),
        std::string("redis:65536"), std::string("redis:+1"), std::string(":6379"),
        std::string("::1:6379"), std::string("[]:1"), std::string("unix:"),
        std::string("unix:relative"), "unix:/" + std::string(107, 'x'),
        std::string(254, 'x') + ":1", std::string("a\0b:1", 5), std::string("unix:/a\0b", 9)}) {
    CAPTURE(text);
    CHECK(read(text).find("is no address of a server: ") != std::string::npos);
    CHECK_THROWS_AS((void)server_address(text), std::invalid_argument);
  }
  CHECK_EQ(read("\n"),
           "'\\n' is no address of a server: the port is missing: HOST:PORT, or unix:/PATH");
}

}  // namespace
}  // namespace reactord
