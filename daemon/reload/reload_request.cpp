// SPDX-License-Identifier: MIT
#include "daemon/reload/reload_request.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <thread>

#include "daemon/reload/reload_answer.h"

namespace reactord {

namespace {

/// A loop that does not look at its signals for this long hangs.
constexpr auto kPatience = std::chrono::seconds(5);
constexpr auto kPause = std::chrono::milliseconds(1);

/// Whether the signal waits to be taken: the ShdPnd mask of proc(5). False also where nobody is
/// left.
bool is_pending(pid_t process, int signal) {
  std::ifstream status(fmt::format("/proc/{}/status", process));
  const std::string label = "ShdPnd:";
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(label)) continue;
    const std::uint64_t mask = std::strtoull(line.c_str() + label.size(), nullptr, 16);
    return (mask >> (signal - 1) & 1) != 0;
  }
  return false;
}

/// The first 15 bytes of the name of the program that a process runs (proc(5)); empty where /proc
/// does not show it.
std::string program_of(std::string_view process) {
  std::ifstream file(fmt::format("/proc/{}/comm", process));
  std::string name;
  std::getline(file, name);
  return name;
}

/// SIGHUP ends what does not expect it.
std::string not_a_daemon(pid_t process) {
  const std::string ours = program_of("self");
  const std::string theirs = program_of(fmt::to_string(process));
  if (theirs.empty() || theirs == ours) return "";
  return fmt::format("process {} is '{}', not '{}'; pgrep -x {} names the daemon's", process,
                     theirs, ours, ours);
}

std::string cannot_signal(pid_t process, int error) {
  std::string advice;
  if (error == ESRCH) advice = fmt::format("; pgrep -x {} names the daemon's", program_of("self"));
  if (error == EPERM) advice = "; ask as root, or as the daemon's user";
  return fmt::format("cannot signal process {}: {}{}", process, std::strerror(error), advice);
}

/// True if it carries the number that the answer goes to. A filter of system calls may forbid that.
bool send_request(pid_t daemon, std::optional<int> number, int& error) {
  error = 0;
  sigval value{};
  value.sival_int = number.value_or(0);
  if (number && ::sigqueue(daemon, SIGHUP, value) == 0) return true;
  if (::kill(daemon, SIGHUP) != 0) error = errno;
  return false;
}

std::string wait_until_taken(pid_t daemon) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (is_pending(daemon, SIGHUP)) {
    if (std::chrono::steady_clock::now() >= deadline)
      return fmt::format("process {} has not looked at its signals for {} s", daemon,
                         kPatience.count());
    std::this_thread::sleep_for(kPause);
  }
  return "";
}

std::string refused(pid_t daemon, const std::string& problems) {
  return fmt::format("process {} has not reloaded its configuration, the old one stays:\n{}",
                     daemon, problems);
}

}  // namespace

ReloadRequest request_reload(pid_t daemon) {
  if (std::string problem = not_a_daemon(daemon); !problem.empty()) return {problem, {}};
  const ReloadAnswerSocket answers;
  int error = 0;
  const bool is_answered = send_request(daemon, answers.number(), error);
  if (error != 0) return {cannot_signal(daemon, error), {}};
  if (std::string problem = wait_until_taken(daemon); !problem.empty()) return {problem, {}};
  if (!is_answered) return {};
  const std::optional<ReloadAnswer> answer = answers.wait_for(daemon, kPatience);
  if (!answer)
    return {{}, "it has taken the request, and does not say what became of it: its log does\n"};
  if (!answer->is_reloaded) return {refused(daemon, answer->text), {}};
  return {{}, answer->text};
}

}  // namespace reactord
