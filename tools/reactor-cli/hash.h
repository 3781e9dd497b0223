// SPDX-License-Identifier: MIT
// `reactor-cli hash`: makes what [[user]] has as a password. Connects to nobody.
#pragma once

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/output/output.h"

namespace reactord::cli {

/// Asks for a password on a terminal, twice and without showing it, or reads one line of standard
/// input; or makes a token (options.token). Throws Failure.
[[nodiscard]] ExitCode run_hash(const Options& options, Output& output);

}  // namespace reactord::cli
