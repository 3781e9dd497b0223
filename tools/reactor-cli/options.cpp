// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <string_view>

#include "tools/reactor-cli/duration.h"
#include "tools/reactor-cli/failure.h"

namespace reactord::cli {
namespace {

// Fits a screen of 80 by 24.
constexpr std::string_view kHelp =
    R"(Usage: reactor-cli [OPTION...] [COMMAND ARG...]
Sends COMMAND to a reactord (or any Redis-like server) and prints the answer.
Without COMMAND: a prompt on a terminal, else one request a line from stdin,
pipelined. Lines follow Redis' quoting, TEXT's too: text "hello  world"

  --host H, --port P     the server (127.0.0.1 or ::1, port 12345)
  --uri URI              the same as tcp://H:P, tcp://[V6]:P or unix:PATH
  --framing resp|line|raw  resp; line: each line is sent as it is, each answer
                         is a line; raw: bytes out, bytes back, no framing
  --json                 one JSON value an answer; bytes that are no UTF-8 are
                         {"base64": "..."}, errors are {"error": "..."}
  --timeout T            for the connection and for each answer, as in 500ms,
                         2s, 1m (5s; raw waits for its first byte for ever)
  --repeat N, --interval T   send COMMAND N times, T apart
  --help, --version

  reactor-cli ceil 4.40
  reactor-cli --json --uri unix:/run/reactord/reactord.sock info server
  seq 0.5 99.5 | sed 's/^/ceil /' | reactor-cli
Exit code: 0, 1 the server answered an error, 2 usage, 3 cannot connect,
4 timed out, 5 the server broke the protocol. NO_COLOR turns colours off.
)";

[[noreturn]] void usage_error(const std::string& problem) {
  throw Failure(ExitCode::usage, problem + "; see reactor-cli --help");
}

/// The options as typed; empty where not given.
struct Typed {
  std::string host, port, uri, framing, timeout, repeat, interval;
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
                                    {"--interval", &typed.interval}}) {
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

void parse_typed(CLI::App& app, std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    usage_error(error.what());
  }
}

std::vector<Endpoint> choose_endpoints(const Typed& typed) {
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

Options check(const Typed& typed, std::vector<std::string> command) {
  Options options;
  options.endpoints = choose_endpoints(typed);
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
  if (options.command.empty() && !(typed.repeat.empty() && typed.interval.empty())) {
    usage_error("--repeat and --interval need a COMMAND");
  }
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
  parse_typed(app, std::move(words));
  Options options;
  if (typed.help) options.information = kHelp;
  if (typed.version) options.information += fmt::format("reactor-cli {}\n", REACTORD_VERSION);
  if (!options.information.empty()) return options;
  return check(typed, std::move(command_words));
}

}  // namespace reactord::cli
