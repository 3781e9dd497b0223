// SPDX-License-Identifier: MIT
#include "daemon/http/http_pages.h"

#include <fmt/format.h>

#include <algorithm>

namespace reactord {

namespace {

/// A hundred scrapes at once are rendered once, which takes some 0.2 ms.
constexpr Duration kFreshFor = std::chrono::milliseconds(100);

constexpr std::string_view kIndex =
    "reactord\n"
    "\n"
    "/metrics  for Prometheus\n"
    "/healthz  200 while the process answers\n"
    "/readyz   200, or 503 while clients should go elsewhere\n";

/// Of a name with a port behind it, as "[::1]:80" and "name:80".
std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.find_last_of(":]");
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

HttpAnswer ready(const std::string& why_not) {
  if (why_not.empty()) return {.body = "ready\n"};
  return refused(503, "draining: " + why_not);
}

}  // namespace

bool is_own_host(std::string_view host, std::string_view machine) {
  if (host.empty()) return true;  // HTTP/1.0: no browser
  const std::string_view name = without_port(host);
  if (is_ip_literal(name) || is_same_name(name, "localhost")) return true;
  return !machine.empty() &&
         (is_same_name(name, machine) || is_same_name(name, machine.substr(0, machine.find('.'))));
}

const std::string& HttpPages::metrics(MetricsFormat format) {
  Rendered& rendered = rendered_[static_cast<std::size_t>(format)];
  const TimePoint now = of_.loop.now();
  if (rendered.text.empty() || now - rendered.made > kFreshFor)
    rendered = {metrics_text(of_, format), now};
  return rendered.text;
}

HttpAnswer HttpPages::answer(const HttpQuestion& question) {
  if (!is_own_host(question.host, machine_))
    return refused(421,
                   "this server is not called so: use its address, localhost, or the name of "
                   "its machine");
  if (!question.is_reading()) return refused(405, "only GET and HEAD: nothing can be changed here");
  if (question.path == "/metrics") {
    const MetricsFormat format = format_for(question.accept);
    return {.content_type = content_type_of(format), .body = metrics(format)};
  }
  if (question.path == "/healthz") return {.body = "ok\n"};
  if (question.path == "/readyz") return ready(of_.server.why_draining());
  if (question.path == "/") return {.body = std::string(kIndex)};
  return refused(404, "there are /metrics, /healthz and /readyz");
}

}  // namespace reactord
