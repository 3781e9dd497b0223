// SPDX-License-Identifier: MIT
#include "tests/simulation/daemon.h"

#include <cxxabi.h>

#include <array>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <exception>
#include <memory>
#include <vector>

#include "daemon/interface/registry.h"
#include "daemon/limits/descriptor_limit.h"
#include "daemon/server/signal_table.h"
#include "daemon/systemd/notify.h"
#include "tests/simulation/kernel/kernel.h"
#include "tests/simulation/model/heap.h"

namespace simulation {

namespace {

using namespace reactord;

/// As reactord::run() has them, without modules.
std::vector<HandlerEntry> all_handlers() {
  const auto jobs = job_handlers();
  std::vector<HandlerEntry> handlers{jobs.begin(), jobs.end()};
  handlers.insert(handlers.end(), builtin_handlers().begin(), builtin_handlers().end());
  return handlers;
}

bool run_server(const Clock& clock, EventLog& events, SignalWatch& signals, Config config,
                const ConfigSource& source, std::span<const HandlerEntry> handlers,
                DaemonView& view, const DaemonHooks& hooks) {
  Server server(clock, events, signals, std::move(config), source, handlers);
  if (!server.start(take_passed_sockets())) return false;
  view.server = &server;
  {
    const OutsideOfDaemon outside;
    hooks.on_start();
  }
  server.run();
  view.server = nullptr;
  return true;
}

/// As serve() in daemon/process/run.cpp.
DaemonOutcome serve(Config config, const ConfigSource& source,
                    std::span<const HandlerEntry> handlers, DaemonView& view,
                    const DaemonHooks& hooks) {
  reserve_descriptor_table(config);
  const SteadyClock clock;
  SignalWatch signals(watched_signals());
  ignore_signals();
  EventLog events(clock, config.log);
  view.events = &events;
  const bool has_served =
      run_server(clock, events, signals, std::move(config), source, handlers, view, hooks);
  const OutsideOfDaemon outside;
  hooks.on_end();
  if (!has_served) return {1, "the server has not started"};
  return {};
}

DaemonOutcome run_to_its_end(const std::string& config_path, DaemonView& view,
                             const DaemonHooks& hooks) {
  const InsideOfDaemon inside;
  try {
    const std::vector<HandlerEntry> handlers = all_handlers();
    const std::vector<HandlerTableSpec> tables = tables_of(handlers);
    const ConfigSource source(config_path, {});
    LoadedConfig loaded = source.load(tables);
    if (!loaded.ok()) return {2, source.describe(loaded.problems).front()};
    return serve(std::move(loaded.config), source, handlers, view, hooks);
  } catch (const std::exception& error) {
    return {1, error.what()};
  }
}

/// What the C++ library keeps of a thread: the exceptions that are being handled.
class HandledExceptions {
 public:
  HandledExceptions() { std::memcpy(bytes_.data(), abi::__cxa_get_globals(), bytes_.size()); }
  void restore() const {
    std::memcpy(static_cast<void*>(abi::__cxa_get_globals()), bytes_.data(), bytes_.size());
  }

 private:
  std::array<char, 2 * sizeof(void*)> bytes_{};
};

}  // namespace

DaemonOutcome run_daemon(const std::string& config_path, DaemonView& view,
                         const DaemonHooks& hooks) {
  view = {};
  const int depth = OutsideOfDaemon::depth;
  const HandledExceptions handled;
  if (setjmp(Kernel::active()->death) == 0) return run_to_its_end(config_path, view, hooks);
  OutsideOfDaemon::depth = depth;
  handled.restore();
  view = {};
  return {.status = 128 + SIGKILL, .problem = "it was killed", .is_killed = true};
}

}  // namespace simulation
