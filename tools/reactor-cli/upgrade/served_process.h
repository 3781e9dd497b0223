// SPDX-License-Identifier: MIT
// A daemon's process on this machine, as the kernel tells of it (proc(5)): how it was started, and
// how another one is started as it was. Knows no connection and no reply.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
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
  uid_t user = 0;
  std::uint64_t open_files = 0;  ///< it may have so many at most (RLIMIT_NOFILE)
  mode_t file_mask = 0;
};

/// Throws std::runtime_error that says what cannot be read, and who could.
[[nodiscard]] ServedProcess look_at(pid_t process);

/// Whether it has a Unix socket of that path open, so that it is who answers there, and not
/// somebody else, of a machine of its own (pid_namespaces(7)), or a liar.
[[nodiscard]] bool holds_socket(pid_t process, const std::string& path);

/// In a session of its own, and writing where the other one writes; or for a moment, when only its
/// errors are of interest, which are ours.
enum class Stays : bool { no, yes };

/// Starts its program with `arguments` as it was started: in its environment and its folder, with
/// its limit of files and its mask. Its user must be ours. The new process. Throws
/// std::runtime_error.
[[nodiscard]] pid_t start_like(const ServedProcess& like, const std::vector<std::string>& arguments,
                               Stays stays);
/// `systemctl` with `arguments`, in our own environment. The same of it.
[[nodiscard]] pid_t start_systemctl(const std::vector<std::string>& arguments);

/// How a process that we have started has ended: its status, as the shell has it; nothing while it
/// runs.
[[nodiscard]] std::optional<int> status_of(pid_t child);
/// Waits for its end, which is brought about where it takes too long (137).
[[nodiscard]] int wait_for(pid_t child, std::chrono::milliseconds most);

}  // namespace reactord::cli
