// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/command_line/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <string_view>

#include "tools/reactor-cli/command_line/duration.h"
#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/command_line/help.h"
#include "tools/reactor-cli/net/dial.h"

namespace reactord::cli {
namespace {

// Where the package puts the admin listener's socket.
constexpr std::string_view kAdminSocket = "/run/reactord/admin.sock";

[[noreturn]] void usage_error(const std::string& problem) {
  throw Failure(ExitCode::usage, problem + "; see reactor-cli --help");
}

/// The options as typed; empty where not given.
struct Typed {
  std::string host, port, uri, framing, timeout, repeat, interval, name, rounds, intrinsic, user,
      password;
  TlsFiles tls;
  bool is_tls = false, admin = false, json = false, help = false, version = false,
       last_from_input = false, push = false, stat = false, latency = false, latency_dist = false,
       token = false;
};

/// What redis-cli's users type, where it is something else here: what to write instead.
struct Foreign {
  std::string_view option;
  std::string_view instead;
};
constexpr Foreign kForeign[] = {
    {"-s", "a Unix socket is --uri unix:PATH"},
    {"-u", "write --uri"},
    {"--askpass", "put the password into REACTORCLI_AUTH"},
    {"-t", "write --timeout"},
    {"--latency-history", "write --latency -i 15"},
    {"-2", "RESP2 is what is spoken: leave it out"},
    {"-3", "write --push for push messages, or send HELLO 3 as the first line of standard input"},
    {"-e", "an error is always told by the exit code: leave it out"},
    {"-c", "there is no cluster: leave it out"},
    {"-X", "put the argument last, and write -x"},
    {"--raw", "in a pipe, answers are always printed so: leave it out"},
    {"--no-raw", "write --json, or use the prompt"},
    {"--insecure", "who is not checked can be anybody: name the server's authority with --cacert"},
    {"--cacertdir", "write --cacert FILE, which may hold several"},
    {"--pipe", "requests from standard input are always pipelined: leave it out"},
};

void declare(CLI::App& app, Typed& typed) {
  app.set_help_flag();
  app.add_flag("--help,-h", typed.help);
  app.add_flag("--version", typed.version);
  app.add_flag("--tls", typed.is_tls);
  app.add_flag("--admin", typed.admin);
  app.add_flag("--json", typed.json);
  app.add_flag("-x", typed.last_from_input);
  app.add_flag("--push", typed.push);
  app.add_flag("--stat", typed.stat);
  app.add_flag("--latency", typed.latency);
  app.add_flag("--latency-dist", typed.latency_dist);
  app.add_flag("--token", typed.token);
  for (const auto& [name, value] : {std::pair{"--host", &typed.host},
                                    {"--port,-p", &typed.port},
                                    {"--uri", &typed.uri},
                                    {"--framing", &typed.framing},
                                    {"--timeout", &typed.timeout},
                                    {"--repeat,-r", &typed.repeat},
                                    {"--interval,-i", &typed.interval},
                                    {"--rounds,-n", &typed.rounds},
                                    {"--intrinsic-latency", &typed.intrinsic},
                                    {"--user", &typed.user},
                                    {"--pass,-a", &typed.password},
                                    {"--name", &typed.name},
                                    {"--cacert", &typed.tls.ca},
                                    {"--cert", &typed.tls.certificate},
                                    {"--key", &typed.tls.key},
                                    {"--sni", &typed.tls.server_name}}) {
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

void refuse_foreign(const CLI::App& app, const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (const Foreign& foreign : kForeign) {
      if (words[i] == foreign.option) usage_error(fmt::format("{}: {}", words[i], foreign.instead));
    }
    const CLI::Option* option = app.get_option_no_throw(words[i]);
    if (option != nullptr && option->get_expected_min() > 0) ++i;
  }
}

std::optional<Mode> mode_of(std::string_view word) {
  if (word == "operator") return Mode::operate;
  if (word == "chat") return Mode::chat;
  if (word == "doctor") return Mode::doctor;
  if (word == "top") return Mode::top;
  if (word == "hash") return Mode::hash;
  if (word == "upgrade") return Mode::upgrade;
  return std::nullopt;
}

// These words are modes where nothing but options follows: OPERATOR's subcommands are the server's.
// Moves those options to the others.
Mode take_mode(std::vector<std::string>& command, std::vector<std::string>& options) {
  const std::optional<Mode> named = command.empty() ? std::nullopt : mode_of(command[0]);
  if (!named) return Mode::requests;
  const Mode mode = *named;
  const std::string_view option = watches(mode) ? "-" : "--";
  if (command.size() > 1 && !command[1].starts_with(option)) {
    // It is a password, most likely, and would be sent as it stands.
    if (mode == Mode::hash)
      usage_error(
          "hash: the password is read from the terminal or standard input, and not taken from "
          "the command line, which others can list");
    return Mode::requests;
  }
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
    case Mode::doctor:
      return kDoctorHelp;
    case Mode::top:
      return kTopHelp;
    case Mode::stat:
    case Mode::latency:
    case Mode::latency_dist:
    case Mode::intrinsic_latency:
      return kMeasureHelp;
    case Mode::hash:
      return kHashHelp;
    case Mode::upgrade:
      return kUpgradeHelp;
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
  const bool is_named = !typed.uri.empty() || !typed.host.empty() || !typed.port.empty();
  if (typed.admin && is_named)
    usage_error(fmt::format("--admin is --uri unix:{}; give one of them", kAdminSocket));
  const bool is_for_admins = mode == Mode::operate || mode == Mode::upgrade;
  if (typed.admin || (is_for_admins && !is_named)) {
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
  return loopback(*port);
}

/// --tls, or an address that says so.
void choose_tls(const Typed& typed, Options& options) {
  for (Endpoint& endpoint : options.endpoints) endpoint.is_tls |= typed.is_tls;
  const TlsFiles& files = typed.tls;
  options.tls = files;
  const bool has_files = !files.ca.empty() || !files.certificate.empty() || !files.key.empty() ||
                         !files.server_name.empty();
  if (has_files && !options.endpoints.front().is_tls)
    usage_error("--cacert, --cert, --key and --sni need --tls, or --uri tls://HOST:PORT");
  if (!files.key.empty() && files.certificate.empty())
    usage_error("--key needs --cert, the certificate that it belongs to");
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

// Plain seconds, too, as redis-cli has them: "2", "0.5".
std::chrono::milliseconds choose_seconds(std::string_view option, const std::string& text) {
  double seconds = 0;
  const char* const last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, seconds, std::chars_format::fixed);
  constexpr double kDay = 86'400;
  const bool plain = problem == std::errc() && end == last && seconds >= 0 && seconds <= kDay;
  if (!plain) return choose_duration(option, text);
  return std::chrono::round<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
}

// --user and --pass count before the endpoint's own.
void set_typed_password(const Typed& typed, Options& options) {
  for (Endpoint& endpoint : options.endpoints) {
    if (!typed.user.empty()) endpoint.user = typed.user;
    if (!typed.password.empty()) endpoint.password = typed.password;
  }
  options.has_typed_password = !typed.password.empty();
}

// What REDISCLI_AUTH is to redis-cli. An endpoint's own password counts first. Framings without
// commands have no login, and the admin socket asks for none unless it is said who logs in.
void add_password(const Typed& typed, Options& options) {
  set_typed_password(typed, options);
  const bool commands = options.framing == Framing::resp;
  const char* password = std::getenv("REACTORCLI_AUTH");
  for (Endpoint& endpoint : options.endpoints) {
    if (!endpoint.password.empty() && !commands) usage_error("a password needs --framing resp");
    const bool wanted = commands && endpoint.password.empty() &&
                        (endpoint.path != kAdminSocket || !typed.user.empty());
    if (wanted && password != nullptr) endpoint.password = password;
    if (!typed.user.empty() && endpoint.password.empty())
      usage_error("--user needs a password: put it into REACTORCLI_AUTH");
  }
}

std::uint64_t choose_count(std::string_view option, const std::string& text) {
  std::uint64_t count = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (problem != std::errc() || end != text.data() + text.size() || count == 0) {
    usage_error(fmt::format("{} '{}': expected a whole number from 1", option, text));
  }
  return count;
}

// --stat and its like are modes, too: one of them, or none.
Mode choose_mode(const Typed& typed, Mode named) {
  const int count = typed.stat + typed.latency + typed.latency_dist + !typed.intrinsic.empty();
  if (count == 0) return named;
  if (count > 1 || named != Mode::requests) {
    usage_error(
        "one thing at a time: --stat, --latency, --latency-dist, --intrinsic-latency, or "
        "a command");
  }
  if (typed.stat) return Mode::stat;
  if (typed.latency) return Mode::latency;
  return typed.latency_dist ? Mode::latency_dist : Mode::intrinsic_latency;
}

// What belongs to those who watch only.
void take_watching(const Typed& typed, Options& options) {
  if (!watches(options.mode)) {
    if (!typed.rounds.empty()) {
      usage_error("-n: there are no databases; rounds are of --stat and --latency");
    }
    return;
  }
  if (options.framing != Framing::resp) usage_error("figures need --framing resp");
  if (!options.command.empty() || !typed.repeat.empty()) {
    usage_error("who watches sends no command; the number of rounds is -n");
  }
  if (!typed.rounds.empty()) options.rounds = choose_count("--rounds", typed.rounds);
  constexpr std::chrono::milliseconds kShortest{10};  // a busier client would measure itself
  if (options.interval_given && options.interval < kShortest)
    usage_error(fmt::format("--interval '{}': expected 10ms or more", typed.interval));
  if (options.mode != Mode::intrinsic_latency) return;
  options.measured_time = choose_seconds("--intrinsic-latency", typed.intrinsic);
  if (options.measured_time.count() == 0)
    usage_error("--intrinsic-latency 0: expected more than nothing");
}

// What belongs to one mode only.
void check_mode(const Typed& typed, const Options& options) {
  if (options.mode != Mode::operate && !typed.name.empty()) usage_error("--name needs 'operator'");
  if (options.mode == Mode::operate && options.framing != Framing::resp) {
    usage_error("the operator's console needs --framing resp");
  }
  if (typed.token && options.mode != Mode::hash) usage_error("--token needs 'hash'");
  if (options.push && (options.mode != Mode::requests || options.framing != Framing::resp)) {
    usage_error("--push is for commands, with --framing resp");
  }
  const bool repeats = !typed.repeat.empty() || !typed.interval.empty();
  if (options.command.empty() && options.last_from_input) {
    usage_error("-x needs a COMMAND, whose last argument is read from standard input");
  }
  if (options.command.empty() && repeats && !watches(options.mode))
    usage_error("--repeat and --interval need a COMMAND");
}

Options check(const Typed& typed, Mode mode, std::vector<std::string> command) {
  Options options;
  options.mode = choose_mode(typed, mode);
  options.name = typed.name;
  options.endpoints = choose_endpoints(typed, mode);
  choose_tls(typed, options);
  options.framing = choose_framing(typed.framing);
  options.json = typed.json;
  options.command = std::move(command);
  if (!typed.timeout.empty()) {
    options.timeout = choose_duration("--timeout", typed.timeout);
    options.timeout_given = true;
    if (options.timeout.count() == 0) usage_error("--timeout 0: expected more than nothing");
  }
  if (!typed.repeat.empty()) options.repeat = choose_count("--repeat", typed.repeat);
  options.interval_given = !typed.interval.empty();
  if (options.interval_given) options.interval = choose_seconds("--interval", typed.interval);
  take_watching(typed, options);
  options.last_from_input = typed.last_from_input;
  options.push = typed.push;
  options.token = typed.token;
  add_password(typed, options);
  check_mode(typed, options);
  if (typed.repeat.empty() && options.interval_given && !watches(options.mode))
    usage_error("--interval needs --repeat");
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
  refuse_foreign(app, words);
  // redis-cli's -h HOST: what follows would be taken for the command.
  if (!words.empty() && words.back() == "-h" && !command_words.empty()) {
    usage_error(fmt::format("-h is --help here: write --host {}", command_words.front()));
  }
  parse_typed(app, std::move(words));
  Options options;
  if (typed.help) options.information = help_of(choose_mode(typed, mode));
  if (typed.version) options.information += fmt::format("reactor-cli {}\n", REACTORD_VERSION);
  if (!options.information.empty()) return options;
  return check(typed, mode, std::move(command_words));
}

}  // namespace reactord::cli
