// SPDX-License-Identifier: MIT
// What a monitoring system is told of the running daemon: which metrics there are, and from where
// each comes. Reads counters, and counts nothing itself. Names follow
// https://prometheus.io/docs/practices/naming/; labels are of few values that no client chooses.
#pragma once

#include <string>

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

[[nodiscard]] std::string metrics_text(const MetricsSources& of, MetricsFormat format);

}  // namespace reactord
