// SPDX-License-Identifier: MIT
// What a monitoring system is told of the running daemon: which metrics there are, and from where
// each comes. Reads counters, and counts nothing itself. Names follow
// https://prometheus.io/docs/practices/naming/; labels are of few values that no client chooses.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daemon/callbacks/worker_pool.h"
#include "daemon/client_limits/client_limits.h"
#include "daemon/connection/connection_table.h"
#include "daemon/dispatch/command_table.h"
#include "daemon/dispatch/dispatcher.h"
#include "daemon/log/event_log.h"
#include "daemon/metrics/exposition.h"
#include "daemon/reactor/event_loop.h"
#include "daemon/stats/server_control.h"

namespace reactord {

/// Where the figures are.
struct MetricsSources {
  const EventLoop& loop;
  const ConnectionTable& connections;
  const Dispatcher& dispatcher;
  const CommandTable& commands;
  const EventLog& events;
  const ClientLimits& limits;
  const WorkerPool& workers;
  const ServerControl& server;
  const ListenerLatency& latencies;
  double started_at = 0;  ///< seconds since 1970
};

/// All of it as one text, slice by slice: however many commands, listeners and limits there are, a
/// slice takes some 0.1 ms. The figures of one family may be some milliseconds younger than those
/// of the one before; those of one histogram belong together.
class MetricsText {
 public:
  /// A slice has so many lines, and the rest of what belongs together.
  static constexpr std::size_t kLinesPerSlice = 150;

  MetricsText(const MetricsSources& of, MetricsFormat format);
  [[nodiscard]] std::string next();
  [[nodiscard]] bool is_whole() const { return is_whole_; }

 private:
  void write_on();
  void write_command(std::size_t family);
  void write_listener();
  void begin_next_part();

  MetricsSources of_;
  std::vector<const ListenerLatency::ByName::value_type*> listeners_;  ///< as at the beginning
  Exposition out_;
  bool is_whole_ = false;
  std::size_t part_ = 0;
  std::size_t thing_ = 0;  ///< of those that the part has samples of: commands, listeners
};

}  // namespace reactord
