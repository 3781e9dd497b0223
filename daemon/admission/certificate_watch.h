// SPDX-License-Identifier: MIT
// Tells in the log when a certificate is about to run out, or has: at the start, at each reload,
// and once a day meanwhile. Knows when they do, and nothing else of them.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "daemon/log/event_log.h"
#include "daemon/net/handshake.h"
#include "daemon/reactor/timer_queue.h"

namespace reactord {

class CertificateWatch {
 public:
  using Time = std::chrono::system_clock::time_point;
  using Certificate = HandshakeContext::Certificate;

  /// From then on there is a line a day: enough for a renewal that needs people.
  static constexpr auto kWarning = std::chrono::days(14);
  static constexpr auto kPause = std::chrono::hours(24);

  explicit CertificateWatch(EventLog& events,
                            std::function<Time()> now = std::chrono::system_clock::now)
      : events_(events), now_(std::move(now)) {}

  /// Those that are in use from now on, each once.
  void watch(std::vector<Certificate> certificates);
  /// Tells of those that are near their end. Each day, by whoever has a timer.
  void look() const;

  [[nodiscard]] bool is_empty() const { return certificates_.empty(); }
  /// Whole days until the first of them runs out, negative ones since it has; nothing where there
  /// is none.
  [[nodiscard]] std::optional<std::int64_t> days_left() const;

 private:
  [[nodiscard]] std::int64_t days_until(Time expires) const;

  EventLog& events_;
  std::function<Time()> now_;
  std::vector<Certificate> certificates_;
};

}  // namespace reactord
