// SPDX-License-Identifier: MIT
// The daemon as main() puts it together, in a simulated machine: the same parts in the same order.
#pragma once

#include <functional>
#include <string>

#include "daemon/server/server.h"

namespace simulation {

struct DaemonOutcome {
  int status = 0;
  std::string problem;  ///< why it did not start
  bool is_killed = false;
};

/// What somebody outside may look at while the daemon runs.
struct DaemonView {
  reactord::Server* server = nullptr;
  reactord::EventLog* events = nullptr;
};

struct DaemonHooks {
  std::function<void()> on_start;  ///< it serves
  std::function<void()> on_end;    ///< the server has gone, or has not started; its log not yet
};

/// Runs it from start to end.
[[nodiscard]] DaemonOutcome run_daemon(const std::string& config_path, DaemonView& view,
                                       const DaemonHooks& hooks);

}  // namespace simulation
