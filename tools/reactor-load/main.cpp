// SPDX-License-Identifier: MIT
// reactor-load: asks for a run, shows it, and turns every ending into an exit code.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "config/toml/regular_file.h"
#include "daemon/console/standard_descriptors.h"
#include "daemon/console/terminal.h"
#include "daemon/reactor/signal_watch.h"
#include "tools/reactor-load/failure.h"
#include "tools/reactor-load/options.h"
#include "tools/reactor-load/output.h"
#include "tools/reactor-load/report/machine.h"
#include "tools/reactor-load/report/report.h"
#include "tools/reactor-load/report/screen.h"
#include "tools/reactor-load/report/summary.h"
#include "tools/reactor-load/results/units.h"
#include "tools/reactor-load/run/load_run.h"
#include "tools/reactor-load/run/target.h"

namespace {

using namespace reactord;
using namespace reactord::load;

constexpr std::size_t kMostResultBytes = 256u << 20;
constexpr std::size_t kUsualColumns = 80;

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : kUsualColumns;
}

std::string read_result(const std::string& path) {
  std::string text;
  if (const std::string problem = read_regular_file(path, kMostResultBytes, text);
      !problem.empty()) {
    throw Stopped(ExitCode::usage, fmt::format("{} {}", path, problem));
  }
  return text;
}

/// A descriptor for each client, and some.
void raise_descriptor_limit(const Scenario& scenario) {
  rlim_t wanted = 64;
  for (const Group& group : scenario.groups) wanted += static_cast<rlim_t>(group.clients);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    throw Stopped(ExitCode::usage,
                  fmt::format("{} descriptors are needed, and {} are allowed: raise ulimit -n",
                              wanted, limit.rlim_max));
  }
}

bool goes_to_stdout(const std::string& path) {
  return path == "-";
}

Show how_to_show(const Options& options) {
  if (options.quiet || goes_to_stdout(options.json_file) || goes_to_stdout(options.html_file))
    return Show::nothing;
  return shows_colours(STDOUT_FILENO) ? Show::view : Show::lines;
}

void check_files(const Options& options) {
  for (const std::string& path : {options.json_file, options.html_file}) {
    if (path.empty() || goes_to_stdout(path)) continue;
    if (const std::string problem = check_can_save(path); !problem.empty())
      throw Stopped(ExitCode::usage, problem);
  }
}

/// Adds what could not be written to `problems`: the other file is written all the same.
void keep(const std::string& path, const std::string& text, StandardOutput& output,
          std::vector<std::string>& problems) {
  if (path.empty()) return;
  if (goes_to_stdout(path)) return output.write(text);
  if (std::string problem = save(path, text); !problem.empty())
    problems.push_back(std::move(problem));
}

/// Says what the run has lost, if anything.
void fail_where_not_written(std::vector<std::string> problems, const StandardOutput& output) {
  if (const std::string problem = output.problem(); !problem.empty()) problems.push_back(problem);
  if (problems.empty()) return;
  throw Stopped(ExitCode::failed, fmt::format("{}", fmt::join(problems, "\nreactor-load: ")));
}

std::string headline_of(const Plan& plan) {
  std::int64_t clients = 0;
  for (const Group& group : plan.scenario.groups) clients += group.clients;
  return fmt::format("{} -> {}  {} clients", plan.scenario.title, plan.scenario.uri,
                     show_count(static_cast<double>(clients)));
}

ExitCode run(const Options& options, SignalWatch& signals, StandardOutput& output) {
  raise_descriptor_limit(options.scenario);
  const Target target = find_target(options.scenario.uri, options.scenario.timeout, options.tls);
  Scenario scenario = options.scenario;
  scenario.uri = target.uri;
  Plan plan = make_plan(std::move(scenario), target.address);
  plan.handshakes = target.handshakes;
  check_files(options);
  const Glyphs glyphs = shows_utf8() ? Glyphs::blocks : Glyphs::ascii;
  Screen screen(how_to_show(options), {shows_colours(STDOUT_FILENO), glyphs}, terminal_columns(),
                headline_of(plan));
  Result result = play(plan, [&](const Watched& watched) {
    screen.set_width(terminal_columns());
    output.write(screen.update(watched));
    const auto signal = signals.next();
    return !signal;
  });
  judge(plan.scenario, result);
  output.write(screen.finish());
  const bool to_stdout = goes_to_stdout(options.json_file) || goes_to_stdout(options.html_file);
  if (!to_stdout) output.write(summarize(plan, result, shows_colours(STDOUT_FILENO)));
  const std::string json = to_json(plan, result, this_machine());
  std::vector<std::string> problems;
  keep(options.json_file, json, output, problems);
  if (!options.html_file.empty()) keep(options.html_file, to_html(json), output, problems);
  fail_where_not_written(std::move(problems), output);
  return result.passed() ? ExitCode::success : ExitCode::failed;
}

ExitCode run_what_is_asked(const Options& options, SignalWatch& signals) {
  StandardOutput output;
  if (options.information.empty() && options.compare.empty()) return run(options, signals, output);
  output.write(options.information);
  if (!options.compare.empty()) {
    output.write(compare(options.compare[0], read_result(options.compare[0]), options.compare[1],
                         read_result(options.compare[1])));
  }
  fail_where_not_written({}, output);
  return ExitCode::success;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    occupy_standard_descriptors();
    SignalWatch signals({SIGINT, SIGTERM});
    return static_cast<int>(run_what_is_asked(parse_options(argc, argv), signals));
  } catch (const Stopped& stopped) {
    complain(stopped.what());
    return static_cast<int>(stopped.code());
  } catch (const std::exception& error) {
    complain(error.what());
    return static_cast<int>(ExitCode::usage);
  }
}
