// SPDX-License-Identifier: MIT
// The line to systemd, or to whatever else started us that way: readiness, stopping, reloading, the
// watchdog (sd_notify(3)) and the sockets that it passes (sd_listen_fds(3)). Every call is harmless
// where there is no such manager, and none waits for a manager that does not listen.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/reactor/unique_fd.h"

namespace reactord {

/// A listening socket opened by the service manager, and the name that its unit gives it
/// (FileDescriptorName=).
struct PassedSocket {
  UniqueFd fd;
  std::string name;
};

/// Takes over the passed sockets; children will not see them. Call once.
[[nodiscard]] std::vector<PassedSocket> take_passed_sockets();

/// How often the watchdog wants to hear of us; nothing if it does not.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval();

/// Whether anybody wants to be told ($NOTIFY_SOCKET).
[[nodiscard]] bool has_service_manager();

void notify_ready();
void notify_reloading();
void notify_stopping();
void notify_watchdog();
/// One line for `systemctl status`.
void notify_status(std::string_view status);

}  // namespace reactord
