// SPDX-License-Identifier: MIT
// `reactor-cli top`: a server's clients and commands, live. On a terminal a screen with keys; in a
// pipe a table an interval; with --json an object a line.
#pragma once

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/output/output.h"

namespace reactord::cli {

/// Until `q`, Ctrl-C, or so many rounds. Throws Failure and OutputClosed.
[[nodiscard]] ExitCode run_top(const Options& options, Output& output);

}  // namespace reactord::cli
