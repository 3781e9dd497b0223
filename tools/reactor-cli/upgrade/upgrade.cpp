// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/upgrade/upgrade.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tools/reactor-cli/figures/ask.h"
#include "tools/reactor-cli/net/session.h"
#include "tools/reactor-cli/upgrade/served_process.h"

namespace reactord::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds kGlance{20};
/// Unless --timeout says otherwise: a drain may come first (deadlines.drain).
constexpr std::chrono::milliseconds kPatience = std::chrono::minutes(2);

/// What INFO says of who serves.
struct Server {
  pid_t process = 0;
  std::string version;
  std::uint64_t clients = 0;
};

Server ask_server(const Options& options) {
  Session session(options);
  const Figures figures = ask_info(session, options.timeout);
  if (!figures.has("reactord_version"))
    throw Failure(ExitCode::server_error, fmt::format("{} is no reactord: it cannot hand over",
                                                      to_string(session.endpoint())));
  return {.process = static_cast<pid_t>(figures.number_or("process_id", 0)),
          .version = std::string(figures.text("reactord_version")),
          .clients = static_cast<std::uint64_t>(figures.number_or("connected_clients", 0))};
}

/// While it changes hands, nobody may answer.
std::optional<Server> ask_whether_there(const Options& options) {
  try {
    return ask_server(options);
  } catch (const Failure&) {
    return std::nullopt;
  }
}

[[noreturn]] void not_upgraded(const std::string& why) {
  throw Failure(ExitCode::server_error, "not upgraded, and nobody was lost: " + why);
}

/// Nothing that somebody else has chosen runs as us.
void require_same_user(const ServedProcess& served) {
  if (served.user != ::geteuid())
    not_upgraded(
        fmt::format("process {} runs as user {}, and so must its successor: setpriv "
                    "--reuid {} ... reactor-cli upgrade",
                    served.id, served.user, served.user));
}

/// What is wrong with it is told on standard error by itself.
void check_configuration(const ServedProcess& served) {
  std::vector<std::string> arguments = served.arguments;
  arguments.emplace_back("--check-config");
  const int status = wait_for(start_like(served, arguments, Stays::no), kPatience);
  if (status != 0)
    not_upgraded(fmt::format("{} --check-config ends with {}", served.program, status));
}

pid_t start_successor(const ServedProcess& served, const std::string& socket) {
  std::vector<std::string> arguments = served.arguments;
  arguments.insert(arguments.end(), {"--take-over", socket});
  return start_like(served, arguments, Stays::yes);
}

void restart_unit(const ServedProcess& served) {
  std::vector<std::string> arguments{"restart", served.unit};
  if (served.is_of_user) arguments.insert(arguments.begin(), "--user");
  const int status = wait_for(start_systemctl(arguments), kPatience);
  if (status != 0)
    throw Failure(ExitCode::server_error,
                  fmt::format("systemctl restart {} ends with {}", served.unit, status));
}

/// Until somebody else answers; a successor that has ended never will.
Server wait_for_another(const Options& options, pid_t before, std::optional<pid_t> successor) {
  const auto end =
      std::chrono::steady_clock::now() + (options.timeout_given ? options.timeout : kPatience);
  while (std::chrono::steady_clock::now() < end) {
    if (const std::optional<Server> now = ask_whether_there(options); now && now->process != before)
      return *now;
    if (const std::optional<int> status = successor ? status_of(*successor) : std::nullopt)
      not_upgraded(fmt::format(
          "the new process has ended with {}; why is in the log, or on the daemon's standard error",
          *status));
    std::this_thread::sleep_for(kGlance);
  }
  throw Failure(ExitCode::timed_out, fmt::format("process {} still serves; see its log", before));
}

std::string for_people(const Server& before, const Server& after) {
  return fmt::format("reactord {} (process {}) serves in place of {} (process {}): {} clients\n",
                     after.version, after.process, before.version, before.process, after.clients);
}

std::string as_json(const Server& before, const Server& after) {
  const auto of = [](const Server& one) {
    return Json{{"process", one.process}, {"version", one.version}, {"clients", one.clients}};
  };
  return Json{{"before", of(before)}, {"after", of(after)}}.dump() + '\n';
}

}  // namespace

ExitCode run_upgrade(const Options& options, Output& output) {
  const Endpoint& at = options.endpoints.front();
  if (at.path.empty())
    throw Failure(
        ExitCode::usage,
        "upgrade takes the Unix socket of an admin listener: --admin, or --uri unix:PATH");
  const Server before = ask_server(options);
  try {
    const std::string socket = std::filesystem::absolute(at.path).string();
    if (!holds_socket(before.process, socket) && !holds_socket(before.process, at.path))
      not_upgraded(
          fmt::format("process {} is not who serves at {}: another machine's, or "
                      "container's; upgrade it there",
                      before.process, at.path));
    const ServedProcess served = look_at(before.process);
    std::optional<pid_t> successor;
    if (served.unit.empty()) {
      require_same_user(served);
      check_configuration(served);
      successor = start_successor(served, socket);
    } else {
      restart_unit(served);
    }
    const Server after = wait_for_another(options, before.process, successor);
    if (options.json)
      output.write(as_json(before, after));
    else
      output.information(for_people(before, after));
  } catch (const Failure&) {
    throw;
  } catch (const std::runtime_error& problem) {
    not_upgraded(problem.what());
  }
  output.flush();
  return ExitCode::success;
}

}  // namespace reactord::cli
