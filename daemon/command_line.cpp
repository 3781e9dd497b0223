// SPDX-License-Identifier: MIT
#include "daemon/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "daemon/version.h"

namespace reactord {

namespace {

constexpr const char* kFooter = R"(
Without --config the built-in defaults apply: commands on 127.0.0.1:12345 and
[::1]:12345. --listen replaces the configured listeners by one for commands.

Examples:
  reactord                                     serve with the defaults
  reactord --config /etc/reactord/reactord.toml
  reactord --listen 127.0.0.1:7000 --listen unix:/run/reactord.sock
  reactord --config new.toml --check-config    say what is wrong with it
  reactord --print-config > reactord.toml      a file to start from

Signals: HUP reloads the configuration and reopens the log; TERM and INT answer
what was received and stop; a second one stops at once.
Exit codes: 0 stopped as asked, 1 failed, 2 usage, 78 bad configuration.)";

int usage_error(const std::string& problem) {
  std::cerr << "reactord: " << problem << "\nTry: reactord --help\n";
  return kExitUsage;
}

}  // namespace

std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  std::vector<std::string> listen;
  CLI::App app(
      "reactord: a TCP service daemon that answers TEXT and CEIL, and whatever handlers you add",
      "reactord");
  app.set_version_flag("--version", fmt::format("reactord {}", kVersion));
  app.add_option("--config", line.config_path, "The configuration file (TOML)")->type_name("FILE");
  app.add_option("--listen", listen, "An address to listen on; may be repeated")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  app.add_flag("--check-config", line.check_config, "Check the configuration and exit");
  app.add_flag("--print-config", line.print_config, "Print the configuration in force and exit");
  app.footer(kFooter);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return usage_error(error.what());
  }
  for (const std::string& text : listen) {
    Endpoint endpoint;
    if (const std::string problem = parse_endpoint(text, endpoint); !problem.empty())
      return usage_error(fmt::format("--listen {}: {}", text, problem));
    line.listen.push_back(endpoint);
  }
  return line;
}

}  // namespace reactord
