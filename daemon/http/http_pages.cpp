// SPDX-License-Identifier: MIT
#include "daemon/http/http_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "daemon/page/page_feeds.h"
#include "daemon/page/page_html.h"

namespace reactord {

namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kApi = "/api/";
constexpr std::string_view kKnown =
    "there are /, /metrics, /healthz, /readyz, and /api/ with live, state, commands, clients, "
    "ends, "
    "limits, errors, slowlog and config";
/// All of the slow log that is shown at once, and of each its words: ShortWords bounds those.
constexpr std::size_t kMaxSlowShown = 32;
constexpr std::size_t kMaxSlowBytes = 4096;

/// Of a name with a port behind it, as "[::1]:80" and "name:80".
std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.find_last_not_of("0123456789");
  return colon != host.npos && host[colon] == ':' ? host.substr(0, colon) : host;
}

bool is_ip_literal(std::string_view name) {
  if (name.starts_with('['))
    return name.find_first_not_of("0123456789abcdefABCDEF:.", 1) == name.size() - 1 &&
           name.ends_with(']');
  return !name.empty() && name.find_first_not_of("0123456789.") == name.npos;
}

/// Letters of any case: names in DNS do not tell them apart.
bool is_same_name(std::string_view one, std::string_view other) {
  const auto lower = [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(one, other, {}, lower, lower);
}

HttpAnswer refused(unsigned status, std::string_view why) {
  return {.status = status, .body = fmt::format("{}\n", why)};
}

HttpAnswer json(std::string text) {
  return {.content_type = kJson, .body = std::move(text), .is_last = true};
}

HttpAnswer page() {
  return {.content_type = "text/html; charset=utf-8",
          .body = std::string(page_html()),
          .policy = page_policy(),
          .is_last = true};
}

/// At once where there are figures, else as soon as there are.
HttpAnswer figures(LiveFigures& live, std::function<std::string(const LiveFigures&)> write) {
  live.look();
  if (live.number() > 0) return json(write(live));
  return {.content_type = kJson, .is_last = true, .feed = first_figures(live, std::move(write))};
}

std::string all_seconds(const LiveFigures& live) {
  return fmt::format("{{\"run\":{},\"n\":{},\"state\":{},\"points\":{}}}", live.run(),
                     live.number(), live.part(PagePart::state), live.points_since(0));
}

std::optional<PagePart> part_of(std::string_view name) {
  const auto at = std::ranges::find(kPageParts, name);
  if (at == kPageParts.end()) return {};
  return static_cast<PagePart>(at - kPageParts.begin());
}

HttpAnswer ready(const std::string& why_not) {
  if (why_not.empty()) return {.body = "ready\n"};
  return refused(503, "draining: " + why_not);
}

/// Of a page's origin, "http://127.0.0.1:9100"; "null" is none.
std::string_view host_of(std::string_view origin) {
  const std::size_t slashes = origin.find("://");
  return slashes == origin.npos ? std::string_view() : origin.substr(slashes + 3);
}

}  // namespace

bool is_from_elsewhere(const HttpQuestion& question) {
  if (!question.origin.empty() && !is_same_name(host_of(question.origin), question.host))
    return true;
  return question.fetch_site == "cross-site" || question.fetch_site == "same-site";
}

bool is_own_host(std::string_view host, std::string_view machine) {
  if (host.empty()) return true;  // HTTP/1.0: no browser
  const std::string_view name = without_port(host);
  if (is_ip_literal(name) || is_same_name(name, "localhost")) return true;
  return !machine.empty() &&
         (is_same_name(name, machine) || is_same_name(name, machine.substr(0, machine.find('.'))));
}

HttpAnswer HttpPages::answer(const HttpQuestion& question) {
  // Whoever stands between may have judged the other one (RFC 9112, 3.2).
  if (question.has_more_hosts) return refused(400, "more than one Host");
  if (!is_own_host(question.host, machine_))
    return refused(421,
                   "this server is not called so: use its address, localhost, or the name of "
                   "its machine");
  if (!question.is_reading()) return refused(405, "only GET and HEAD: nothing can be changed here");
  if (question.path.starts_with(kApi)) return api(question);
  if (question.path == "/metrics") {
    const MetricsFormat format = format_for(question.accept);
    return {.content_type = content_type_of(format), .feed = scrapes_.feed(format)};
  }
  if (question.path == "/healthz") return {.body = "ok\n"};
  if (question.path == "/readyz") return ready(live_.sources().metrics.server.why_draining());
  if (question.path == "/") return page();
  return refused(404, kKnown);
}

HttpAnswer HttpPages::api(const HttpQuestion& question) {
  if (is_from_elsewhere(question)) return refused(403, "pages of other sites may not read this");
  const std::string_view name = question.path.substr(kApi.size());
  if (name == "live")
    return {.content_type = "text/event-stream",
            .is_last = true,
            .feed = live_stream(live_, question.last_event_id),
            .is_stream = true};
  if (name == "config") return json(config_json(live_.sources()));
  if (name == "slowlog") return json(slow_json(live_.sources(), kMaxSlowShown, kMaxSlowBytes));
  if (name == "state") return figures(live_, all_seconds);
  const std::optional<PagePart> part = part_of(name);
  if (!part) return refused(404, kKnown);
  return figures(live_, [part](const LiveFigures& live) { return std::string(live.part(*part)); });
}

}  // namespace reactord
