// SPDX-License-Identifier: MIT
#include "daemon/reload_request.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

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

}  // namespace

std::string request_reload(pid_t daemon) {
  if (::kill(daemon, SIGHUP) != 0)
    return fmt::format("cannot signal process {}: {}", daemon, std::strerror(errno));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (is_pending(daemon, SIGHUP)) {
    if (std::chrono::steady_clock::now() >= deadline)
      return fmt::format("process {} has not looked at its signals for {} s", daemon,
                         kPatience.count());
    std::this_thread::sleep_for(kPause);
  }
  return "";
}

}  // namespace reactord
