// SPDX-License-Identifier: MIT
// Requests from standard input, one a line: pipelined, bounded in flight, answers in order.
#pragma once

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/output/printer.h"

namespace reactord::cli {

/// Runs until the input has ended and all was answered. Throws Failure.
[[nodiscard]] ExitCode run_batch(const Options& options, Printer& printer);

}  // namespace reactord::cli
