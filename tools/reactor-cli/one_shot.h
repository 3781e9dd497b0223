// SPDX-License-Identifier: MIT
// One request from the command line, as often as --repeat says.
#pragma once

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/net/session.h"
#include "tools/reactor-cli/output/printer.h"

namespace reactord::cli {

/// Throws Failure.
[[nodiscard]] ExitCode run_one_shot(const Options& options, Printer& printer);

/// Prints what a line server says beyond its one line a request: the further lines of HELP. Tells
/// it that no more requests come; ends when the server does, or after a short silence.
void print_rest(Session& session, Printer& printer);

/// Prints pushes as they come. Throws Failure when the server closes; a signal ends it before.
[[noreturn]] void print_pushes(Session& session, Printer& printer);

}  // namespace reactord::cli
