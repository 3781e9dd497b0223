// SPDX-License-Identifier: MIT
#include "daemon/server/systemd_reports.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/systemd/notify.h"

namespace reactord {

namespace {

/// Fresh enough for a person who looks at the status; rare enough to cost nothing.
constexpr std::chrono::microseconds kStatusInterval = std::chrono::seconds(5);

}  // namespace

void ServiceReports::ready() {
  if (!has_service_manager()) return;
  notify_ready();
  const auto watchdog = watchdog_interval();
  is_watched_ = watchdog.has_value();
  // Twice as often as the watchdog needs it (sd_watchdog_enabled(3)).
  interval_ = watchdog ? std::min(*watchdog / 2, kStatusInterval) : kStatusInterval;
  report();
}

void ServiceReports::report() {
  if (is_watched_) notify_watchdog();
  if (std::string now = status(); now != last_status_) {
    notify_status(now);
    last_status_ = std::move(now);
  }
  (void)loop_.timers().add(loop_.now() + interval_, [this] { report(); });
}

void ServiceReports::reloading() {
  notify_reloading();
}

void ServiceReports::reloaded(std::size_t problems) {
  reload_problems_ = problems;
  notify_ready();
  notify_status(status());
}

void ServiceReports::stopping() {
  is_stopping_ = true;
  notify_stopping();
  notify_status(status());
}

std::string ServiceReports::status() const {
  std::string text =
      fmt::format("{}{} connections, {} requests served", is_stopping_ ? "stopping: " : "",
                  connections_.used().clients, dispatcher_.requests());
  if (taken_over_ > 0)
    text += fmt::format("; {} connections taken over from the process before", taken_over_);
  if (reload_problems_ > 0)
    text += fmt::format("; configuration not reloaded, the old one stays: problems: {}",
                        reload_problems_);
  return text;
}

}  // namespace reactord
