// SPDX-License-Identifier: MIT
// Asks a running daemon to load its configuration again: `reactord --reload PID`. A verb of our
// own, because where the daemon's root holds nothing else there is no kill(1).
#pragma once

#include <sys/types.h>

#include <string>

namespace reactord {

/// Sends SIGHUP to `daemon` and waits until it has taken it, so that systemd, which hears
/// RELOADING=1 right after, keeps `systemctl reload` waiting for the end. Signals no program of
/// another name, where /proc shows it. The problem, or "".
[[nodiscard]] std::string request_reload(pid_t daemon);

}  // namespace reactord
