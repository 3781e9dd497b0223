// SPDX-License-Identifier: MIT
// A conversation with whoever answers texts at the server.
#pragma once

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/output/output.h"

namespace reactord::cli {

/// Throws Failure, OutputClosed; at a terminal only when the first connection cannot be made.
[[nodiscard]] ExitCode run_chat(const Options& options, Output& output);

}  // namespace reactord::cli
