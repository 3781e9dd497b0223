// SPDX-License-Identifier: MIT
#include "tools/reactor-load/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>

#include "config/text/toml_text.h"
#include "tools/reactor-cli/net/endpoint.h"
#include "tools/reactor-load/failure.h"
#include "tools/reactor-load/scenario/personas.h"
#include "tools/reactor-load/scenario/scenario_keys.h"
#include "tools/reactor-load/scenario/scenario_loader.h"

namespace reactord::load {
namespace {

// Fits a screen of 80 by 24.
constexpr std::string_view kHelp =
    R"(Usage: reactor-load [OPTION...] [SCENARIO.toml | ping | echo | ceil | text
                    | COMMAND ARG...]
Plays clients against a reactord or Redis, and verifies every reply.

  --host H, --port P, --uri URI  tcp://, tls://H:P, unix:PATH (127.0.0.1:12345)
  --cacert F, --cert F, --key F, --sni NAME  of tls://, rediss://: PEM files
  -c, --clients N       connections (50)   -d, --depth N  pipelined requests (1)
  -n, --requests N      in all             -t, --time T   or for so long (10s)
  -r, --rate N          requests a second at planned times: latency counts from
                        them; without it the next request follows the reply
  --protocol resp|line|raw       --expect X  echo, ceil, any, error, exact:TEXT,
  --threads N  --seed N  --warm-up T         like:PATTERN, error:PATTERN
  --check "p99 < 1ms"   decides the exit code; may be given again
  --json FILE, --html FILE       the result for programs, and to look at
  --compare A.json B.json        two results, row by row
  --quiet, --keys, --generators, --personas (of scenarios), --help, --version

  reactor-load -c 50 -d 100 -n 1000000 ceil
  reactor-load -r 20000 -t 30s --check 'p99 < 2ms' ECHO '{text:1..1KiB}'
  reactor-load tests/load/hostile.toml --html hostile.html
Exit code: 0 all was well, 1 a wrong, missing or surplus reply, a check that
does not hold, a result not written, 2 usage, a bad scenario, 3 cannot connect.
)";

constexpr std::string_view kGenerators = R"(In the words of a request, anew for each:
  {int:1..1000}         a whole number
  {real:-100..100:2}    a decimal with two places
  {digits:1..40}        so many digits
  {text:16} {text:1..1KiB} {text:exp:1000} {text:normal:1000:200}
                        a text: of a length, of a length between two, of an
                        exponentially or a normally distributed length
  {bytes:...}           the same, of any bytes
  {line:FILE}           a line of the file, at random
  {next:FILE}           the file's lines in order
  {counter}             1, 2, 3, ... of each client
  {client}              the client's number in its group
A brace is written {{ or }}. What a client sends depends on the seed and on the
client's number alone.
)";

struct Preset {
  std::string_view name;
  std::string_view request;
};
constexpr std::array kPresets{Preset{"ping", "PING"}, Preset{"echo", "ECHO {text:16}"},
                              Preset{"ceil", "CEIL {real:-1000..1000:2}"},
                              Preset{"text", "TEXT {text:16}"}};

[[noreturn]] void usage_error(const std::string& problem) {
  throw Stopped(ExitCode::usage, problem + "; see reactor-load --help");
}

/// The options as typed; empty where not given.
struct Typed {
  std::string host, port, uri, clients, depth, requests, time, rate, protocol, expect, threads,
      seed, warm_up, json, html, command;
  cli::TlsFiles tls;
  std::vector<std::string> checks, compare;
  bool quiet = false, keys = false, generators = false, personas = false, help = false,
       version = false;
};

void declare(CLI::App& app, Typed& typed) {
  app.set_help_flag();
  for (const auto& [name, flag] : {std::pair{"--help,-h", &typed.help},
                                   {"--version", &typed.version},
                                   {"--quiet,-q", &typed.quiet},
                                   {"--keys", &typed.keys},
                                   {"--generators", &typed.generators},
                                   {"--personas", &typed.personas}}) {
    app.add_flag(name, *flag);
  }
  for (const auto& [name, value] : {std::pair{"--host", &typed.host},
                                    {"--port,-p", &typed.port},
                                    {"--uri", &typed.uri},
                                    {"--clients,-c", &typed.clients},
                                    {"--depth,--pipeline,-d,-P", &typed.depth},
                                    {"--requests,-n", &typed.requests},
                                    {"--time,--duration,-t", &typed.time},
                                    {"--rate,-r", &typed.rate},
                                    {"--protocol", &typed.protocol},
                                    {"--expect", &typed.expect},
                                    {"--threads", &typed.threads},
                                    {"--seed", &typed.seed},
                                    {"--warm-up", &typed.warm_up},
                                    {"--json", &typed.json},
                                    {"--html", &typed.html},
                                    {"--command", &typed.command},
                                    {"--cacert", &typed.tls.ca},
                                    {"--cert", &typed.tls.certificate},
                                    {"--key", &typed.tls.key},
                                    {"--sni", &typed.tls.server_name}}) {
    app.add_option(name, *value)->take_last()->type_name("value");
  }
  app.add_option("--check", typed.checks)->expected(1, 1000)->allow_extra_args(false);
  app.add_option("--compare", typed.compare)->expected(2)->type_name("file");
}

// The request begins at the first word that is neither an option nor an option's value. Options may
// follow a scenario's file and a preset, but not the words of a request.
std::size_t options_end(const CLI::App& app, const std::vector<std::string>& words,
                        std::size_t at) {
  while (at < words.size() && words[at].size() > 1 && words[at][0] == '-' && words[at] != "--") {
    const bool joined = words[at].find('=') != std::string::npos;
    const CLI::Option* option = app.get_option_no_throw(words[at].substr(0, words[at].find('=')));
    const int values = option == nullptr || joined ? 0 : option->get_expected_min();
    at += 1 + static_cast<std::size_t>(values);
  }
  return std::min(at, words.size());
}

/// `ECHO hello -n 5` would send "-n" and "5": hardly what was meant.
void refuse_options_among(const CLI::App& app, const std::vector<std::string>& request) {
  for (const std::string& word : request) {
    const bool is_option =
        word.starts_with('-') && app.get_option_no_throw(word.substr(0, word.find('='))) != nullptr;
    if (!is_option) continue;
    usage_error(
        fmt::format("'{}' stands behind the request: put it before '{}', or -- before the "
                    "request if it is to be sent",
                    word, request[0]));
  }
}

void parse_typed(CLI::App& app, std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    usage_error(error.what());
  }
}

/// Sets an integer, of which a shell has the text. The problem names all that is accepted.
std::string set_integer(const KeySpec& spec, void* settings, const std::string& text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  const bool is_accepted = error == std::errc() && stopped == end && number >= spec.range.least &&
                           number <= spec.range.most;
  if (is_accepted) return spec.set(settings, number, spec.range);
  return fmt::format("expected a number from {} to {}", spec.range.least, spec.range.most);
}

/// Sets the key of that name as a scenario would.
void set(std::span<const KeySpec> keys, std::string_view key, void* settings,
         std::string_view option, const std::string& text) {
  if (text.empty()) return;
  const auto spec =
      std::find_if(keys.begin(), keys.end(), [&](const KeySpec& one) { return one.name == key; });
  const std::string problem = spec->type == ValueTraits<std::int64_t>::kName
                                  ? set_integer(*spec, settings, text)
                                  : spec->set(settings, text, spec->range);
  if (!problem.empty()) usage_error(fmt::format("{} '{}': {}", option, text, problem));
}

std::string choose_uri(const Typed& typed, const std::string& fallback) {
  if (!typed.uri.empty()) {
    if (!typed.host.empty() || !typed.port.empty()) {
      usage_error("--uri names the host and the port already");
    }
    return typed.uri;
  }
  if (typed.host.empty() && typed.port.empty()) return fallback;
  const auto port =
      typed.port.empty() ? std::optional(cli::kDefaultPort) : cli::parse_port(typed.port);
  if (!port) usage_error(fmt::format("--port '{}': expected 1 to 65535", typed.port));
  if (typed.host.empty()) return cli::loopback_uri(*port);
  const bool v6 = typed.host.find(':') != std::string::npos;
  return fmt::format("tcp://{}{}{}:{}", v6 ? "[" : "", typed.host, v6 ? "]" : "", *port);
}

/// What stands in for a scenario on the command line: one group, one request.
Scenario one_group(const Typed& typed, std::vector<std::string> words) {
  Scenario scenario;
  Group group;
  group.clients = 50;
  if (!typed.command.empty()) {
    if (!words.empty()) usage_error("--command names the request already");
    words = {typed.command};
  }
  if (words.empty()) words = {"ping"};
  for (const Preset& preset : kPresets) {
    if (words.size() == 1 && words[0] == preset.name) words[0] = preset.request;
  }
  Step step;
  std::size_t places = 0;
  std::string problem = parse_request(words, "", places, step.request);
  if (!problem.empty()) usage_error(problem);
  step.label = step.request.label();
  if (step.label.empty()) step.label = "(request)";
  step.expectation = usual_expectation(step.request.label(), step.request.words.size());
  if (!typed.expect.empty()) {
    problem = parse_expectation(typed.expect, step.expectation);
    if (!problem.empty()) usage_error("--expect: " + problem);
  }
  set(group_keys(), "clients", &group, "--clients", typed.clients);
  set(group_keys(), "pipeline", &group, "--depth", typed.depth);
  set(group_keys(), "requests", &group, "--requests", typed.requests);
  set(group_keys(), "rate", &group, "--rate", typed.rate);
  group.name = step.label;
  group.steps.push_back(std::move(step));
  scenario.title = fmt::format("{}", fmt::join(words, " "));
  if (group.requests == 0) scenario.duration = kUsualDuration;
  scenario.groups.push_back(std::move(group));
  return scenario;
}

Scenario from_file(const Typed& typed, const std::string& path) {
  for (const auto& [name, value] : {std::pair{"--clients", &typed.clients},
                                    {"--depth", &typed.depth},
                                    {"--requests", &typed.requests},
                                    {"--rate", &typed.rate},
                                    {"--expect", &typed.expect},
                                    {"--command", &typed.command}}) {
    if (!value->empty()) usage_error(fmt::format("{} is for runs without a scenario", name));
  }
  LoadedScenario loaded = load_scenario(path);
  if (!loaded.problems.empty()) {
    throw Stopped(ExitCode::usage, fmt::format("{}", fmt::join(loaded.problems, "\n")));
  }
  return std::move(loaded.scenario);
}

Scenario make_scenario(const Typed& typed, std::vector<std::string> words) {
  const bool file = words.size() == 1 && words[0].ends_with(".toml");
  Scenario scenario = file ? from_file(typed, words[0]) : one_group(typed, std::move(words));
  scenario.uri = choose_uri(typed, scenario.uri);
  set(run_keys(), "duration", &scenario, "--time", typed.time);
  set(run_keys(), "warm_up", &scenario, "--warm-up", typed.warm_up);
  set(run_keys(), "protocol", &scenario, "--protocol", typed.protocol);
  set(run_keys(), "threads", &scenario, "--threads", typed.threads);
  set(run_keys(), "seed", &scenario, "--seed", typed.seed);
  for (const std::string& check : typed.checks) {
    Threshold& threshold = scenario.thresholds.emplace_back();
    std::string problem = parse_threshold(check, threshold);
    if (problem.empty()) problem = unknown_command(threshold, scenario.groups);
    if (!problem.empty()) usage_error("--check: " + problem);
  }
  return scenario;
}

/// For a shell.
std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

/// What was typed, but for where the results go: whoever types it again plays the same.
std::string command_line(const std::vector<std::string>& words) {
  std::string line = "reactor-load";
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--json" || words[i] == "--html")
      ++i;
    else if (!words[i].starts_with("--json=") && !words[i].starts_with("--html="))
      line += " " + quoted(words[i]);
  }
  return line;
}

}  // namespace

Options parse_options(int argc, const char* const* argv) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  CLI::App app;
  Typed typed;
  declare(app, typed);
  const auto at = [&](std::size_t index) {
    return words.begin() + static_cast<std::ptrdiff_t>(index);
  };
  const std::size_t first = options_end(app, words, 0);
  std::vector<std::string> option_words(words.begin(), at(first));
  std::vector<std::string> request(at(first), words.end());
  const bool alone = !request.empty() &&
                     (request[0].ends_with(".toml") ||
                      std::any_of(kPresets.begin(), kPresets.end(),
                                  [&](const Preset& preset) { return preset.name == request[0]; }));
  if (alone && options_end(app, words, first + 1) == words.size()) {
    option_words.insert(option_words.end(), at(first + 1), words.end());
    request.resize(1);
  }
  if (!request.empty() && request[0] == "--") {
    request.erase(request.begin());
  } else {
    refuse_options_among(app, request);
  }
  parse_typed(app, std::move(option_words));
  Options options;
  if (typed.help) options.information += kHelp;
  if (typed.version) options.information += fmt::format("reactor-load {}\n", REACTORD_VERSION);
  if (typed.keys) options.information += describe_keys();
  if (typed.generators) options.information += kGenerators;
  if (typed.personas) options.information += describe_personas();
  if (!options.information.empty()) return options;
  options.compare = typed.compare;
  if (!options.compare.empty()) return options;
  options.json_file = typed.json;
  options.html_file = typed.html;
  options.quiet = typed.quiet;
  options.tls = typed.tls;
  options.scenario = make_scenario(typed, std::move(request));
  const std::string line = command_line(words);
  std::string& source = options.scenario.source;
  source = source.empty() ? line : fmt::format("# {}\n{}", line, source);
  return options;
}

}  // namespace reactord::load
