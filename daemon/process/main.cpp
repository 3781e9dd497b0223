// SPDX-License-Identifier: MIT
// Entry point: reads the command line, loads the configuration, and runs the server. Exit codes:
// daemon/process/command_line.h.
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <variant>

#include "config/tables.h"
#include "daemon/console/standard_descriptors.h"
#include "daemon/interface/registry.h"
#include "daemon/limits/descriptor_limit.h"
#include "daemon/limits/heap_trimmer.h"
#include "daemon/limits/seccomp_filter.h"
#include "daemon/process/command_line.h"
#include "daemon/process/config_trial.h"
#include "daemon/process/server.h"
#include "daemon/process/signal_table.h"
#include "daemon/reload/config_source.h"
#include "daemon/reload/reload_request.h"

namespace reactord {

namespace {

int complain(std::string_view problem, int exit_code) {
  std::cerr << "reactord: " << problem << '\n';
  return exit_code;
}

/// What the standard library throws says what is missing, and not for what.
std::string cannot_start(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
    return "cannot start: the system gives no memory (ulimit -v, LimitAS=, MemoryMax=)";
  return fmt::format("cannot start: {}", error.what());
}

int serve(const ConfigSource& source, Config config) {
  forbid_outgoing_connections();  // before the log's thread starts, which inherits it
  prepare_heap();
  DescriptorBudget().make_room(config, config.server.max_connections);
  const SteadyClock clock;
  // Before the log's thread starts, which inherits the mask.
  SignalWatch signals(watched_signals());
  ignore_signals();
  std::unique_ptr<EventLog> events;
  try {
    events = std::make_unique<EventLog>(clock, config.log);
  } catch (const std::runtime_error& error) {
    return complain(error.what(), kExitFailure);
  }
  try {
    Server server(clock, *events, signals, std::move(config), source, handler_entries());
    if (const std::string names = source.replaced_listeners(); !names.empty())
      events->record(Event::listeners_replaced, {{"listeners", names}});
    if (!server.start(take_passed_sockets())) return kExitFailure;
    server.run();
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    events->record(Event::start_failed, {{"problem", cannot_start(error)}});
    return kExitFailure;
  }
}

/// What only the machine can tell, and the handlers, of which a server is made that never starts:
/// commands that are declared twice, or badly.
int check_config_in_use(const ConfigSource& source, Config config) {
  const SteadyClock clock;
  SignalWatch signals({SIGHUP});
  EventLog events(clock, {.level = LogLevel::off});
  const ConfigTrial trial = try_config(config);
  const Server server(clock, events, signals, std::move(config), source, handler_entries());
  for (const std::string& problem : trial.problems) (void)complain(problem, kExitFailure);
  for (const std::string& note : trial.notes) std::cerr << "note: " << note << '\n';
  return trial.problems.empty() ? print("the configuration is good\n") : kExitFailure;
}

int run(const CommandLine& line) {
  const ConfigSource source(line.config_path, line.listen);
  LoadedConfig loaded = source.load(handler_tables());
  if (!loaded.ok()) {
    for (const std::string& problem : source.describe(loaded.problems))
      std::cerr << problem << '\n';
    return kExitBadConfig;
  }
  if (line.print_config) return print(print_config(loaded.config, handler_tables()));
  if (line.check_config) return check_config_in_use(source, std::move(loaded.config));
  if (line.reload != 0) {
    const ReloadRequest request = request_reload(line.reload);
    if (!request.problem.empty()) return complain(request.problem, kExitFailure);
    return std::cout << request.changes << std::flush ? EXIT_SUCCESS : kExitFailure;
  }
  return serve(source, std::move(loaded.config));
}

}  // namespace

}  // namespace reactord

int main(int argc, char** argv) {
  try {
    reactord::occupy_standard_descriptors();
    const auto line = reactord::parse_command_line(argc, argv);
    if (const int* exit_code = std::get_if<int>(&line)) return *exit_code;
    return reactord::run(std::get<reactord::CommandLine>(line));
  } catch (const std::exception& error) {
    return reactord::complain(reactord::cannot_start(error), reactord::kExitFailure);
  }
}
