// SPDX-License-Identifier: MIT
#include "daemon/http/http_pages.h"

#include <doctest/doctest.h>

#include "tests/unit/support/page_bench.h"

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
        "[evil.example]", "[::1]x]", "localhost:evil.example", "127.0.0.1:80.evil.example"}) {
    CAPTURE(other);
    CHECK_FALSE(is_own_host(other, "web1.example.com"));
  }
  CHECK_FALSE(is_own_host("web1", ""));
}

TEST_CASE("HTTP: who asks on behalf of another site") {
  const auto elsewhere = [](std::string_view origin, std::string_view fetch_site = "") {
    return is_from_elsewhere({.method = "GET",
                              .path = "/api/state",
                              .host = "127.0.0.1:9100",
                              .origin = origin,
                              .fetch_site = fetch_site});
  };
  CHECK_FALSE(elsewhere(""));
  CHECK_FALSE(elsewhere("http://127.0.0.1:9100", "same-origin"));
  CHECK_FALSE(elsewhere("", "none"));
  for (const std::string_view other : {"null", "http://127.0.0.1:9101", "http://127.0.0.1",
                                       "http://evil.example", "127.0.0.1:9100", "://"})
    CHECK(elsewhere(other));
  CHECK(elsewhere("", "cross-site"));
  CHECK(elsewhere("", "same-site"));
}

struct Pages : test::PageBench {
  Scrapes scrapes{bench.loop, sources.metrics};
  HttpPages pages{scrapes, live, "web1"};
  HttpAnswer get(std::string_view path) {
    return pages.answer({.method = "GET", .path = path, .host = "web1"});
  }
};

TEST_CASE("HTTP: the page, and what is behind it") {
  Pages pages;
  const HttpAnswer page = pages.get("/");
  CHECK(page.body.starts_with("<!doctype html>"));
  CHECK(page.content_type == "text/html; charset=utf-8");
  CHECK(page.policy.find("unsafe") == page.policy.npos);
  CHECK_FALSE(pages.live.is_running());
  for (const std::string_view path :
       {"/api/state", "/api/commands", "/api/clients", "/api/ends", "/api/limits", "/api/errors",
        "/api/slowlog", "/api/config"}) {
    CAPTURE(path);
    const HttpAnswer answer = pages.get(path);
    CHECK(answer.status == 200);
    CHECK(answer.content_type == "application/json");
    CHECK(answer.is_last);
    CHECK_FALSE(answer.body.empty());
  }
  CHECK(pages.get("/api/live").feed != nullptr);
  for (const std::string_view path : {"/api", "/api/", "/api/nosuch", "/api/live/"})
    CHECK(pages.get(path).status == 404);
}

TEST_CASE("HTTP: a bounded part of the slow log") {
  Pages pages;
  pages.service.fake_diagnostics.requests.assign(
      1000, std::make_shared<const SlowRequest>(
                SlowRequest{.words = std::vector<std::string>(32, std::string(128, 'x'))}));
  const std::string body = pages.get("/api/slowlog").body;
  CHECK(body.size() > 32 * 4096);
  CHECK(body.size() < 34 * 4200);
}

}  // namespace
}  // namespace reactord
