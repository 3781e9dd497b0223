// SPDX-License-Identifier: MIT
// The interactive prompt: one request after the other, until the person leaves. Loses no line to a
// lost connection: it says so and connects again.
#pragma once

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/output/printer.h"

namespace reactord::cli {

/// Throws Failure only when the first connection cannot be made.
[[nodiscard]] ExitCode run_prompt(const Options& options, Printer& printer);

}  // namespace reactord::cli
