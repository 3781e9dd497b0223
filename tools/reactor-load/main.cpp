// SPDX-License-Identifier: MIT
// reactor-load: asks for a run, shows it, and turns every ending into an exit code.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "config/regular_file.h"
#include "daemon/reactor/signal_watch.h"
#include "tools/reactor-load/failure.h"
#include "tools/reactor-load/options.h"
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

/// What cannot be written any more is no reason to fail: `reactor-load ... | head`.
void write_out(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// https://no-color.org: set and not empty.
bool has_color(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return ::isatty(fd) == 1 && (no_color == nullptr || *no_color == '\0') && terminal != nullptr &&
         std::strcmp(terminal, "dumb") != 0;
}

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : kUsualColumns;
}

[[noreturn]] void cannot_write(const std::string& path) {
  throw Stopped(ExitCode::usage, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

void save(const std::string& path, const std::string& text) {
  if (path.empty()) return;
  if (path == "-") return write_out(STDOUT_FILENO, text);
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file) cannot_write(path);
  write_out(file.get(), text);
}

/// Before the run: hours of it must not end with a result that cannot be kept.
void check_can_save(const std::string& path) {
  if (path.empty() || path == "-") return;
  if (!UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666))) cannot_write(path);
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

Show how_to_show(const Options& options) {
  if (options.quiet || options.json_file == "-" || options.html_file == "-") return Show::nothing;
  return ::isatty(STDOUT_FILENO) == 1 && has_color(STDOUT_FILENO) ? Show::view : Show::lines;
}

std::string headline_of(const Plan& plan) {
  std::int64_t clients = 0;
  for (const Group& group : plan.scenario.groups) clients += group.clients;
  return fmt::format("{} -> {}  {} clients", plan.scenario.title, plan.scenario.uri,
                     show_count(static_cast<double>(clients)));
}

ExitCode run(const Options& options, SignalWatch& signals) {
  raise_descriptor_limit(options.scenario);
  const Plan plan =
      make_plan(options.scenario, find_target(options.scenario.uri, options.scenario.timeout));
  check_can_save(options.json_file);
  check_can_save(options.html_file);
  Screen screen(how_to_show(options), has_color(STDOUT_FILENO), terminal_columns(),
                headline_of(plan));
  Result result = play(plan, [&](const Watched& watched) {
    screen.set_width(terminal_columns());
    write_out(STDOUT_FILENO, screen.update(watched));
    const auto signal = signals.next();
    return !signal;
  });
  judge(plan.scenario, result);
  write_out(STDOUT_FILENO, screen.finish());
  const bool to_stdout = options.json_file == "-" || options.html_file == "-";
  if (!to_stdout) write_out(STDOUT_FILENO, summarize(plan, result, has_color(STDOUT_FILENO)));
  const std::string json = to_json(plan, result, this_machine());
  save(options.json_file, json);
  if (!options.html_file.empty()) save(options.html_file, to_html(json));
  return result.passed() ? ExitCode::success : ExitCode::failed;
}

ExitCode run_what_is_asked(const Options& options, SignalWatch& signals) {
  if (!options.information.empty()) {
    write_out(STDOUT_FILENO, options.information);
    return ExitCode::success;
  }
  if (!options.compare.empty()) {
    write_out(STDOUT_FILENO, compare(options.compare[0], read_result(options.compare[0]),
                                     options.compare[1], read_result(options.compare[1])));
    return ExitCode::success;
  }
  return run(options, signals);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    SignalWatch signals({SIGINT, SIGTERM});
    return static_cast<int>(run_what_is_asked(parse_options(argc, argv), signals));
  } catch (const Stopped& stopped) {
    write_out(STDERR_FILENO, fmt::format("reactor-load: {}\n", stopped.what()));
    return static_cast<int>(stopped.code());
  } catch (const std::exception& error) {
    write_out(STDERR_FILENO, fmt::format("reactor-load: {}\n", error.what()));
    return static_cast<int>(ExitCode::usage);
  }
}
