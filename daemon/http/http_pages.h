// SPDX-License-Identifier: MIT
// The pages that an HTTP listener has, and to whom each is shown: from what was asked to what is
// answered. Knows no socket, and not which library speaks HTTP.
//
//   GET /metrics   for Prometheus, in the format that it asks for
//   GET /healthz   200: the process answers
//   GET /readyz    200, or 503 while balancers should send their clients elsewhere
//   GET /          for people: a page that shows what the daemon does, as it does it
//   GET /api/...   what the page is made of, as JSON; /api/live as a stream of events
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "daemon/http/scrapes.h"
#include "daemon/page/feed.h"
#include "daemon/page/live_figures.h"

namespace reactord {

struct HttpQuestion {
  std::string_view method;
  std::string_view path;       ///< without what follows a '?'
  std::string_view host = {};  ///< the header; "" where there is none
  bool has_more_hosts = false;
  std::string_view accept = {};
  std::string_view origin = {};         ///< of the page that asks, where a browser tells it
  std::string_view fetch_site = {};     ///< Sec-Fetch-Site: where that page is from
  std::string_view last_event_id = {};  ///< of who comes back to a stream

  [[nodiscard]] bool is_reading() const { return method == "GET" || method == "HEAD"; }
};

/// What a page may load and do: nothing.
inline constexpr std::string_view kStrictPolicy = "default-src 'none'; frame-ancestors 'none'";

struct HttpAnswer {
  unsigned status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::string_view policy = kStrictPolicy;  ///< Content-Security-Policy
  /// The connection ends behind it: a browser would keep it for later, of which there are few.
  bool is_last = false;
  std::shared_ptr<Feed> feed = {};  ///< in place of the body
  bool is_stream = false;           ///< the feed has no end of its own
};

/// "[::1]:80", "localhost", "10.0.0.1:9100", and this machine's own name: none that somebody else's
/// DNS could have led a browser here by (DNS rebinding).
[[nodiscard]] bool is_own_host(std::string_view host, std::string_view machine);

/// Whether a page of another site asks, as far as its browser says so.
[[nodiscard]] bool is_from_elsewhere(const HttpQuestion& question);

class HttpPages {
 public:
  /// `machine` is the name by which others call this machine.
  HttpPages(Scrapes& scrapes, LiveFigures& live, std::string machine)
      : scrapes_(scrapes), live_(live), machine_(std::move(machine)) {}

  [[nodiscard]] HttpAnswer answer(const HttpQuestion& question);

 private:
  [[nodiscard]] HttpAnswer api(const HttpQuestion& question);

  Scrapes& scrapes_;
  LiveFigures& live_;
  std::string machine_;
};

}  // namespace reactord
