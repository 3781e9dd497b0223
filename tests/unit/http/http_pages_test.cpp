// SPDX-License-Identifier: MIT
#include "daemon/http/http_pages.h"

#include <doctest/doctest.h>

namespace reactord {
namespace {

TEST_CASE("HTTP: names that DNS cannot have led a browser here by") {
  for (const std::string_view own :
       {"", "127.0.0.1", "127.0.0.1:9100", "[::1]", "[::1]:9100", "localhost", "LocalHost:80",
        "10.0.0.1:1", "web1", "WEB1:9100", "web1.example.com", "web1.example.com:9100"}) {
    CAPTURE(own);
    CHECK(is_own_host(own, "web1.example.com"));
  }
  for (const std::string_view other :
       {"evil.example", "evil.example:9100", "127.0.0.1.evil.example", "localhost.evil.example",
        "web1.evil.example", "web", "web1.example.com.evil", ":9100", "a[::1]", "[::1", "[",
        "[evil.example]", "[::1]x]"}) {
    CAPTURE(other);
    CHECK_FALSE(is_own_host(other, "web1.example.com"));
  }
  CHECK_FALSE(is_own_host("web1", ""));
}

}  // namespace
}  // namespace reactord
