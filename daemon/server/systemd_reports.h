// SPDX-License-Identifier: MIT
// Tells the service manager how the daemon is while it runs: ready, reloading, stopping, alive, and
// a line with live numbers for `systemctl status`. Reports are sent from the loop itself, so a loop
// that hangs falls silent. Without a manager nothing is sent and no timer runs.
#pragma once

#include <cstddef>
#include <string>

#include "daemon/connection/connection_table.h"
#include "daemon/dispatch/dispatcher.h"
#include "daemon/reactor/event_loop.h"

namespace reactord {

class ServiceReports {
 public:
  ServiceReports(EventLoop& loop, const ConnectionTable& connections, const Dispatcher& dispatcher)
      : loop_(loop), connections_(connections), dispatcher_(dispatcher) {}

  /// Ready for the first time; from now on it reports regularly.
  void ready();
  void reloading();
  /// Ready again; `problems` kept the new configuration from being used.
  void reloaded(std::size_t problems);
  void stopping();
  /// So many go on from the process before.
  void took_over(std::size_t connections) { taken_over_ = connections; }

 private:
  void report();
  [[nodiscard]] std::string status() const;

  EventLoop& loop_;
  const ConnectionTable& connections_;
  const Dispatcher& dispatcher_;
  std::chrono::microseconds interval_{0};
  std::string last_status_;
  std::size_t reload_problems_ = 0;
  std::size_t taken_over_ = 0;
  bool is_watched_ = false;
  bool is_stopping_ = false;
};

}  // namespace reactord
