// SPDX-License-Identifier: MIT
#include "daemon/systemd/descriptor_store.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <chrono>
#include <cstdint>
#include <cstring>

namespace reactord {

namespace {

/// A manager that is alive answers within milliseconds.
constexpr std::chrono::microseconds kPatience = std::chrono::seconds(1);

/// Behind it the manager has read all that was told before; the problem, or "".
std::string wait_for_manager() {
  const int result = ::sd_notify_barrier(0, static_cast<std::uint64_t>(kPatience.count()));
  if (result > 0) return {};
  if (result == 0) return "there is no service manager ($NOTIFY_SOCKET)";
  return fmt::format("the service manager does not answer: {}", std::strerror(-result));
}

}  // namespace

std::string store_descriptor(int fd, std::string_view name) {
  const std::string message = fmt::format("FDSTORE=1\nFDNAME={}\nFDPOLL=0", name);
  const int result = ::sd_pid_notify_with_fds(0, 0, message.c_str(), &fd, 1);
  if (result == 0) return "there is no service manager ($NOTIFY_SOCKET)";
  if (result < 0) return fmt::format("sd_notify: {}", std::strerror(-result));
  return wait_for_manager();
}

void remove_from_store(std::string_view name) {
  (void)::sd_notify(0, fmt::format("FDSTOREREMOVE=1\nFDNAME={}", name).c_str());
}

}  // namespace reactord
