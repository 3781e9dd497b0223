// SPDX-License-Identifier: MIT
#include "daemon/process/run.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/print_config.h"
#include "daemon/console/standard_descriptors.h"
#include "daemon/crash/crash_report.h"
#include "daemon/interface/registry.h"
#include "daemon/interface/version.h"
#include "daemon/limits/descriptor_limit.h"
#include "daemon/limits/heap_trimmer.h"
#include "daemon/limits/seccomp_filter.h"
#include "daemon/log/event_levels.h"
#include "daemon/modules/module_loader.h"
#include "daemon/process/command_line.h"
#include "daemon/reload/config_source.h"
#include "daemon/reload/reload_request.h"
#include "daemon/server/server.h"
#include "daemon/server/signal_table.h"
#include "daemon/trial/config_trial.h"

namespace reactord {

namespace {

/// What one daemon is, from its start to its end.
struct Program {
  CommandLine line;
  ConfigSource source;
  std::vector<HandlerEntry> handlers;  ///< the built-in ones among them
  std::vector<HandlerTableSpec> tables = tables_of(handlers);
};

/// What the standard library throws says what is missing, and not for what. Said without any.
constexpr std::string_view kNoMemory =
    "cannot start: the system gives no memory (ulimit -v, LimitAS=, MemoryMax=)";

std::string cannot_start(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return std::string(kNoMemory);
  return fmt::format("cannot start: {}", error.what());
}

/// A thread that hangs in a handler's work would see what exit() destroys.
[[noreturn]] void leave_at_once(int status) {
  std::fflush(nullptr);
  std::_Exit(status);
}

/// In the journal, of level crit (sd-daemon(3)).
void report_crashes() {
  static const std::string name = fmt::format("reactord {}", kVersion);
  install_crash_report(name, is_stderr_the_journal() ? "<2>" : "");
}

std::string in_file(const Program& program, const BadConfiguration& problem) {
  return fmt::format("{}: {}", program.source.path(), problem.what());
}

int serve(const Program& program, Config config) {
  report_crashes();
  std::optional<Predecessor> predecessor;
  if (!program.line.take_over.empty()) predecessor.emplace(program.line.take_over);
  forbid_outgoing_connections();  // before the log's thread starts, which inherits it
  prepare_heap();
  reserve_descriptor_table(config);
  const SteadyClock clock;
  // Before the log's thread starts, which inherits the mask.
  SignalWatch signals(watched_signals());
  ignore_signals();
  std::unique_ptr<EventLog> events;
  try {
    events = std::make_unique<EventLog>(clock, config.log);
  } catch (const std::runtime_error& error) {
    return fail(error.what(), kExitFailure);
  }
  if (predecessor)
    predecessor->set_is_stopped([&signals] {
      const std::optional<int> signal = signals.waiting();
      return signal && rule_of(*signal).action == SignalAction::drain;
    });
  bool has_left_work = false;
  try {
    Server server(clock, *events, signals, std::move(config), program.source, program.handlers);
    if (const std::string names = program.source.replaced_listeners(); !names.empty())
      events->record(Event::listeners_replaced, {{"listeners", names}});
    if (!server.start(take_passed_sockets(), predecessor ? &*predecessor : nullptr))
      return kExitFailure;
    predecessor.reset();
    server.run();
    has_left_work = server.has_left_work();
  } catch (const BadConfiguration& error) {
    events->record(Event::start_failed, {{"problem", in_file(program, error)}});
    return kExitBadConfig;
  } catch (const std::exception& error) {
    events->record(Event::start_failed, {{"problem", cannot_start(error)}});
    return kExitFailure;
  }
  events.reset();  // writes what it has
  if (has_left_work) leave_at_once(EXIT_SUCCESS);
  return EXIT_SUCCESS;
}

/// What only the machine can tell, and the handlers, of which a server is made that never starts:
/// commands that are declared twice, or badly.
int check_config_in_use(const Program& program, Config config) {
  const SteadyClock clock;
  SignalWatch signals({SIGHUP});
  EventLog events(clock, {.level = LogLevel::off});
  const ConfigTrial trial = try_config(config);
  try {
    const Server server(clock, events, signals, std::move(config), program.source,
                        program.handlers);
  } catch (const BadConfiguration& error) {
    return fail(in_file(program, error), kExitBadConfig);
  }
  for (const std::string& problem : trial.problems) (void)fail(problem, kExitFailure);
  for (const std::string& note : trial.notes) std::cerr << "note: " << note << '\n';
  return trial.problems.empty() ? print("the configuration is good\n") : kExitFailure;
}

/// False where one was refused, of which each is told.
bool add_modules(const ConfigSource& source, std::vector<HandlerEntry>& handlers) {
  LoadedModules loaded = load_modules(source.modules(), handlers);
  for (const std::string& problem : loaded.problems) (void)fail(problem, kExitBadConfig);
  handlers.insert(handlers.end(), loaded.handlers.begin(), loaded.handlers.end());
  return loaded.problems.empty();
}

int run(const Program& program) {
  const CommandLine& line = program.line;
  LoadedConfig loaded = program.source.load(program.tables);
  if (!loaded.ok()) {
    for (const std::string& problem : program.source.describe(loaded.problems))
      std::cerr << problem << '\n';
    return kExitBadConfig;
  }
  if (line.print_config) return print(print_config(loaded.config, program.tables));
  // What the schema cannot know: the names of events.
  if (const std::string problem = EventLevels().set(loaded.config.log.levels); !problem.empty())
    return fail(in_file(program, BadConfiguration(problem)), kExitBadConfig);
  if (line.check_config) return check_config_in_use(program, std::move(loaded.config));
  if (line.reload != 0) {
    const ReloadRequest request = request_reload(line.reload);
    if (!request.problem.empty()) return fail(request.problem, kExitFailure);
    return std::cout << request.changes << std::flush ? EXIT_SUCCESS : kExitFailure;
  }
  return serve(program, std::move(loaded.config));
}

/// Throws std::bad_alloc where there is no memory to say what else was thrown.
int run_or_tell(int argc, char** argv, std::vector<HandlerEntry>& handlers) {
  try {
    occupy_standard_descriptors();
    std::variant<CommandLine, int> parsed = parse_command_line(argc, argv, handlers);
    if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
    CommandLine& line = std::get<CommandLine>(parsed);
    handlers.insert(handlers.end(), builtin_handlers().begin(), builtin_handlers().end());
    ConfigSource source(line.config_path, line.listen);
    if (!add_modules(source, handlers)) return kExitBadConfig;
    return run({std::move(line), std::move(source), std::move(handlers)});
  } catch (const std::exception& error) {
    return fail(cannot_start(error), kExitFailure);
  }
}

}  // namespace

int run(int argc, char** argv, std::vector<HandlerEntry> handlers) {
  try {
    return run_or_tell(argc, argv, handlers);
  } catch (const std::bad_alloc&) {
    return fail(kNoMemory, kExitFailure);
  }
}

}  // namespace reactord
