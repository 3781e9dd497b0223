// SPDX-License-Identifier: MIT
#include "daemon/process/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <limits>
#include <optional>
#include <string_view>

#include "daemon/interface/version.h"
#include "protocol/escape.h"
#include "protocol/words.h"

namespace reactord {

namespace {

// Fits a screen of 80 by 24.
constexpr std::string_view kHelp =
    R"(Usage: {0} [OPTION...]
Serves netcat, Redis clients and reactor-cli, by default at 127.0.0.1:12345 and
[::1]:12345. Its handlers: {1}.

  --config FILE     the configuration (TOML); without it all settings have
                    their defaults
  --listen ADDRESS  listen there, and not where the configuration says: as in
                    127.0.0.1:7000, [::1]:7000, unix:PATH, systemd; repeatable
  --check-config    say what is wrong with the configuration, or that it is
                    good; tries its addresses too, and disturbs no daemon
  --print-config    print all settings in force, with what they mean
  --reload PID      tell daemon PID to load its configuration, and say what came
                    of it
  --take-over PATH  go on with all clients of the daemon at that admin socket
  --help, --version

  {0} --config /etc/{0}/{0}.toml
  {0} --config new.toml --check-config
  {0} --listen 127.0.0.1:7000 --listen unix:/run/{0}.sock
  {0} --print-config > {0}.toml     a file to start from

Signals: HUP reloads the configuration and reopens the log; TERM and INT answer
what was received and stop; a second one stops at once.
Exit code: 0 stopped as asked, 1 failed, 2 usage, 78 bad configuration.
)";

std::string help_text(std::span<const HandlerEntry> jobs) {
  std::vector<std::string_view> names;
  for (const HandlerEntry& job : jobs) names.push_back(job.name);
  return fmt::format(kHelp, program_name(), fmt::join(names, ", "));
}

int usage_error(const std::string& problem) {
  return fail(fmt::format("{}\nTry: {} --help", problem, program_name()), kExitUsage);
}

/// The first line's second word is the version, for scripts.
std::string version_text() {
  const std::string commit = kCommit.empty() ? "" : fmt::format(" (commit {})", kCommit);
  const std::string of_reactord = fmt::format("reactord {}{}", kVersion, commit);
  const std::string first = program_name() == "reactord"
                                ? of_reactord
                                : fmt::format("{}, by {}", program_name(), of_reactord);
  return fmt::format("{}\nbuilt with {}\n", first, kCompiler);
}

/// Returns the problem, or "" after filling `out`.
std::string parse_listen(const std::vector<std::string>& texts, std::vector<Endpoint>& out) {
  for (const std::string& text : texts) {
    Endpoint endpoint;
    if (const std::string problem = parse_endpoint(text, endpoint); !problem.empty())
      return fmt::format("--listen {}: {}", text, problem);
    for (const Endpoint& earlier : out)
      if (same_place(earlier, endpoint))
        return fmt::format("--listen {}: taken by --listen {}", text, to_string(earlier));
    out.push_back(endpoint);
  }
  return "";
}

/// False where that is not the number of a process.
bool parse_process(const std::string& text, pid_t& out) {
  const std::optional<std::int64_t> number = parse_integer(text);
  if (!number || *number < 1 || *number > std::numeric_limits<pid_t>::max()) return false;
  out = static_cast<pid_t>(*number);
  return true;
}

}  // namespace

std::string_view program_name() {
  return program_invocation_short_name;
}

int fail(std::string_view problem, int exit_code) {
  std::cerr << program_name() << ": " << problem << '\n';
  return exit_code;
}

int print(std::string_view text) {
  if (std::cout << text << std::flush) return EXIT_SUCCESS;
  return fail(fmt::format("cannot write the output: {}", std::strerror(errno)), kExitFailure);
}

std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv,
                                                  std::span<const HandlerEntry> jobs) {
  CommandLine line;
  bool help = false;
  bool version = false;
  std::vector<std::string> files;
  std::vector<std::string> listen;
  CLI::App app;
  app.set_help_flag();
  app.add_flag("--help,-h", help);
  app.add_flag("--version", version);
  app.add_option("--config", files)->type_name("FILE")->allow_extra_args(false);
  app.add_option("--listen", listen)->type_name("ADDRESS")->allow_extra_args(false);
  app.add_flag("--check-config", line.check_config);
  app.add_flag("--print-config", line.print_config);
  std::vector<std::string> take_over;
  app.add_option("--take-over", take_over)->type_name("PATH")->allow_extra_args(false);
  std::optional<std::string> reload;
  app.add_option("--reload", reload)->type_name("PID");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what());
  }
  if (help) return print(help_text(jobs));
  if (version) return print(version_text());
  if (files.size() > 1) return usage_error("--config is given more than once");
  if (!files.empty()) {
    line.config_path = files.front();
    if (line.config_path.empty()) return usage_error("--config is given an empty name");
  }
  if (reload && !parse_process(*reload, line.reload))
    return usage_error(
        fmt::format("--reload '{}': expected the number of a process; pgrep -x {} names the "
                    "daemon's",
                    escaped(*reload), program_name()));
  if (take_over.size() > 1) return usage_error("--take-over is given more than once");
  if (!take_over.empty()) {
    line.take_over = take_over.front();
    if (line.take_over.empty()) return usage_error("--take-over is given an empty name");
  }
  if (const std::string problem = parse_listen(listen, line.listen); !problem.empty())
    return usage_error(problem);
  return line;
}

}  // namespace reactord
