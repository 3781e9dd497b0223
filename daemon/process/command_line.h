// SPDX-License-Identifier: MIT
// What the command line asks for.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/address.h"
#include "daemon/interface/handler_entry.h"

namespace reactord {

/// sysexits(3): EX_CONFIG.
inline constexpr int kExitBadConfig = 78;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

struct CommandLine {
  std::string config_path;       ///< empty: the built-in defaults
  std::vector<Endpoint> listen;  ///< instead of the configured listeners, if not empty
  bool check_config = false;
  bool print_config = false;
  std::string take_over;  ///< the admin socket of the daemon to take over from, or ""
  pid_t reload = 0;       ///< the daemon to be told to reload; 0: none
};

/// The name of this program: what its messages begin with. It is that of the file that is run.
[[nodiscard]] std::string_view program_name();

/// What to do, or the exit code where everything is said already (--help, --version, usage errors).
/// `jobs` are what --help says that it serves.
[[nodiscard]] std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv,
                                                                std::span<const HandlerEntry> jobs);

/// Tells on standard error; returns `exit_code`.
int fail(std::string_view problem, int exit_code);

/// Writes what was asked for to standard output. Returns the exit code, and says why where that is
/// not success.
[[nodiscard]] int print(std::string_view text);

}  // namespace reactord
