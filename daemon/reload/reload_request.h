// SPDX-License-Identifier: MIT
// Asks a running daemon to load its configuration again: `reactord --reload PID`. A verb of our
// own, because where the daemon's root holds nothing else there is no kill(1).
#pragma once

#include <sys/types.h>

#include <string>

namespace reactord {

/// What became of the request.
struct ReloadRequest {
  std::string problem;  ///< empty: the configuration is in force
  std::string changes;  ///< lines: what was applied, and what needs a restart
};

/// Sends SIGHUP to `daemon` and waits until it has loaded its configuration and says so; one that
/// cannot say it, until it has taken the signal: systemd hears RELOADING=1 right after, and keeps
/// `systemctl reload` waiting for the end. Signals no program of another name, where /proc shows
/// it.
[[nodiscard]] ReloadRequest request_reload(pid_t daemon);

}  // namespace reactord
