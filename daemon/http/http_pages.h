// SPDX-License-Identifier: MIT
// The pages that an HTTP listener has, and to whom each is shown: from what was asked to what is
// answered. Knows no socket, and not which library speaks HTTP.
//
//   GET /metrics   for Prometheus, in the format that it asks for
//   GET /healthz   200: the process answers
//   GET /readyz    200, or 503 while balancers should send their clients elsewhere
//   GET /          these, for people
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "daemon/metrics/daemon_metrics.h"

namespace reactord {

struct HttpQuestion {
  std::string_view method;
  std::string_view path;       ///< without what follows a '?'
  std::string_view host = {};  ///< the header; "" where there is none
  std::string_view accept = {};

  [[nodiscard]] bool is_reading() const { return method == "GET" || method == "HEAD"; }
};

struct HttpAnswer {
  unsigned status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body = {};
};

/// "[::1]:80", "localhost", "10.0.0.1:9100", and this machine's own name: none that somebody else's
/// DNS could have led a browser here by (DNS rebinding).
[[nodiscard]] bool is_own_host(std::string_view host, std::string_view machine);

class HttpPages {
 public:
  /// `machine` is the name by which others call this machine.
  HttpPages(const MetricsSources& of, std::string machine)
      : of_(of), machine_(std::move(machine)) {}

  [[nodiscard]] HttpAnswer answer(const HttpQuestion& question);

 private:
  /// A text of all metrics, which answers whoever asks for it within a moment.
  struct Rendered {
    std::string text;
    TimePoint made{};
  };
  [[nodiscard]] const std::string& metrics(MetricsFormat format);

  MetricsSources of_;
  std::string machine_;
  std::array<Rendered, 2> rendered_;  ///< by format
};

}  // namespace reactord
