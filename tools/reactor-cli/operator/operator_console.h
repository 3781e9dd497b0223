// SPDX-License-Identifier: MIT
// The operator's console: a person, or a script, who answers the clients' texts.
#pragma once

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/output/output.h"

namespace reactord::cli {

/// Throws Failure, OutputClosed; at a terminal only when the first connection cannot be made.
[[nodiscard]] ExitCode run_operator(const Options& options, Output& output);

}  // namespace reactord::cli
