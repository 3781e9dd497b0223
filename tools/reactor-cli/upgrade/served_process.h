// SPDX-License-Identifier: MIT
// A daemon's process on this machine, as the kernel tells of it (proc(5)): how it was started, and
// how another one is started as it was. Knows no connection and no reply.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace reactord::cli {

struct ServedProcess {
  pid_t id = 0;
  /// By which it was started: what is there now may be newer.
  std::string program;
  std::vector<std::string> arguments;    ///< without the program, and without --take-over
  std::vector<std::string> environment;  ///< "NAME=value"
  std::string folder;                    ///< its current one
  /// The systemd unit whose main process it is, or "".
  std::string unit;
  bool is_of_user = false;  ///< of a user's own systemd
};

/// Throws std::runtime_error that says what cannot be read, and who could.
[[nodiscard]] ServedProcess look_at(pid_t process);

/// In a session of its own, and writing where the other one writes, if that can be opened; or for a
/// moment, when only its errors are of interest, which are ours.
enum class Stays : bool { no, yes };

/// Starts `program` with `arguments` as `like` was started: in its environment and its folder. Its
/// process. Throws std::system_error.
[[nodiscard]] pid_t start_like(const ServedProcess& like, const std::string& program,
                               const std::vector<std::string>& arguments, Stays stays);

/// How a process that we have started has ended: its status, as the shell has it; nothing while it
/// runs.
[[nodiscard]] std::optional<int> status_of(pid_t child);
/// Waits for its end.
[[nodiscard]] int wait_for(pid_t child);

}  // namespace reactord::cli
