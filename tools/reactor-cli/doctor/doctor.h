// SPDX-License-Identifier: MIT
// Asks a server for its figures and its configuration, and tells what is wrong with them.
#pragma once

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/output/output.h"

namespace reactord::cli {

/// server_error where something is wrong or near a limit. Throws Failure, OutputClosed.
[[nodiscard]] ExitCode run_doctor(const Options& options, Output& output);

}  // namespace reactord::cli
