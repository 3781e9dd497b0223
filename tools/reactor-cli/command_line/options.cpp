// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/command_line/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <string_view>

#include "tools/reactor-cli/command_line/duration.h"
#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/command_line/help.h"

namespace reactord::cli {
namespace {

// Where the package puts the admin listener's socket.
constexpr std::string_view kAdminSocket = "/run/reactord/admin.sock";

[[noreturn]] void usage_error(const std::string& problem) {
  throw Failure(ExitCode::usage, problem + "; see reactor-cli --help");
}

/// The options as typed; empty where not given.
struct Typed {
  std::string host, port, uri, framing, timeout, repeat, interval, name;
  bool json = false, help = false, version = false;
};

void declare(CLI::App& app, Typed& typed) {
  app.set_help_flag();
  app.add_flag("--help,-h", typed.help);
  app.add_flag("--version", typed.version);
  app.add_flag("--json", typed.json);
  for (const auto& [name, value] : {std::pair{"--host", &typed.host},
                                    {"--port", &typed.port},
                                    {"--uri", &typed.uri},
                                    {"--framing", &typed.framing},
                                    {"--timeout", &typed.timeout},
                                    {"--repeat", &typed.repeat},
                                    {"--interval", &typed.interval},
                                    {"--name", &typed.name}}) {
    app.add_option(name, *value)->take_last()->type_name("value");
  }
}

// COMMAND begins at the first word that is neither an option nor an option's value; what follows
// is the command's, "-0.5" and "--help" included.
std::size_t options_end(const CLI::App& app, const std::vector<std::string>& words) {
  std::size_t at = 0;
  while (at < words.size() && words[at].size() > 1 && words[at][0] == '-' && words[at] != "--") {
    const CLI::Option* option = app.get_option_no_throw(words[at]);
    at += option != nullptr && option->get_expected_min() > 0 ? 2u : 1u;
  }
  return std::min(at, words.size());
}

// "operator" and "chat" are modes where nothing but options follows: OPERATOR's subcommands are the
// server's. Moves those options to the others.
Mode take_mode(std::vector<std::string>& command, std::vector<std::string>& options) {
  if (command.empty() || (command[0] != "operator" && command[0] != "chat")) return Mode::requests;
  if (command.size() > 1 && !command[1].starts_with("--")) return Mode::requests;
  const Mode mode = command[0] == "chat" ? Mode::chat : Mode::operate;
  options.insert(options.end(), std::next(command.begin()), command.end());
  command.clear();
  return mode;
}

std::string_view help_of(Mode mode) {
  switch (mode) {
    case Mode::requests:
      return kHelp;
    case Mode::operate:
      return kOperatorHelp;
    case Mode::chat:
      return kChatHelp;
  }
  return kHelp;
}

void parse_typed(CLI::App& app, std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    usage_error(error.what());
  }
}

std::vector<Endpoint> choose_endpoints(const Typed& typed, Mode mode) {
  if (mode == Mode::operate && typed.uri.empty() && typed.host.empty() && typed.port.empty()) {
    return {Endpoint{"", 0, std::string(kAdminSocket)}};
  }
  if (!typed.uri.empty()) {
    if (!typed.host.empty() || !typed.port.empty()) {
      usage_error("--uri names the host and the port already");
    }
    Endpoint endpoint;
    const std::string problem = parse_uri(typed.uri, endpoint);
    if (!problem.empty()) usage_error(fmt::format("--uri '{}': {}", typed.uri, problem));
    return {endpoint};
  }
  const auto port = typed.port.empty() ? std::optional(kDefaultPort) : parse_port(typed.port);
  if (!port) usage_error(fmt::format("--port '{}': expected 1 to 65535", typed.port));
  if (!typed.host.empty()) return {Endpoint{typed.host, *port, ""}};
  return {Endpoint{"127.0.0.1", *port, ""}, Endpoint{"::1", *port, ""}};
}

Framing choose_framing(const std::string& name) {
  if (name.empty() || name == "resp") return Framing::resp;
  if (name == "line") return Framing::line;
  if (name == "raw") return Framing::raw;
  usage_error(fmt::format("--framing '{}': expected resp, line or raw", name));
}

std::chrono::milliseconds choose_duration(std::string_view option, const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration) usage_error(fmt::format("{} '{}': expected {}", option, text, kDurationForms));
  return *duration;
}

std::uint64_t choose_repeat(const std::string& text) {
  std::uint64_t repeat = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), repeat);
  if (problem != std::errc() || end != text.data() + text.size() || repeat == 0) {
    usage_error(fmt::format("--repeat '{}': expected a whole number from 1", text));
  }
  return repeat;
}

// What belongs to one mode only.
void check_mode(const Typed& typed, const Options& options) {
  if (options.mode != Mode::operate && !typed.name.empty()) usage_error("--name needs 'operator'");
  if (options.mode == Mode::operate && options.framing != Framing::resp) {
    usage_error("the operator's console needs --framing resp");
  }
  const bool repeats = !typed.repeat.empty() || !typed.interval.empty();
  if (options.command.empty() && repeats) usage_error("--repeat and --interval need a COMMAND");
}

Options check(const Typed& typed, Mode mode, std::vector<std::string> command) {
  Options options;
  options.mode = mode;
  options.name = typed.name;
  options.endpoints = choose_endpoints(typed, mode);
  options.framing = choose_framing(typed.framing);
  options.json = typed.json;
  options.command = std::move(command);
  if (!typed.timeout.empty()) {
    options.timeout = choose_duration("--timeout", typed.timeout);
    options.timeout_given = true;
    if (options.timeout.count() == 0) usage_error("--timeout 0: expected more than nothing");
  }
  if (!typed.repeat.empty()) options.repeat = choose_repeat(typed.repeat);
  if (!typed.interval.empty()) options.interval = choose_duration("--interval", typed.interval);
  check_mode(typed, options);
  if (typed.repeat.empty() && !typed.interval.empty()) usage_error("--interval needs --repeat");
  if (options.json && options.framing == Framing::raw) {
    usage_error("--json needs answers with an end: use --framing resp or line");
  }
  return options;
}

}  // namespace

Options parse_options(int argc, const char* const* argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  CLI::App app;
  Typed typed;
  declare(app, typed);
  const auto command = words.begin() + static_cast<std::ptrdiff_t>(options_end(app, words));
  const auto first = command != words.end() && *command == "--" ? std::next(command) : command;
  std::vector<std::string> command_words(first, words.end());
  words.erase(command, words.end());
  const Mode mode = take_mode(command_words, words);
  parse_typed(app, std::move(words));
  Options options;
  if (typed.help) options.information = help_of(mode);
  if (typed.version) options.information += fmt::format("reactor-cli {}\n", REACTORD_VERSION);
  if (!options.information.empty()) return options;
  return check(typed, mode, std::move(command_words));
}

}  // namespace reactord::cli
