// SPDX-License-Identifier: MIT
// reactor-cli upgrade: puts another process in the place of the daemon that serves, with its
// connections: by systemd where that runs it, by --take-over where nobody does. The server hands
// over by itself; this starts it, waits, and says how it went.
#pragma once

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/output/output.h"

namespace reactord::cli {

/// Throws Failure as Session does; server_error where the daemon serves on as before.
[[nodiscard]] ExitCode run_upgrade(const Options& options, Output& output);

}  // namespace reactord::cli
