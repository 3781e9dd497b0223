// SPDX-License-Identifier: MIT
// --framing raw: bytes out, bytes back. For servers that know no framing at all, so that nothing
// but time and the end of the stream tells when an answer is complete.
#pragma once

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/output/output.h"

namespace reactord::cli {

/// Sends the words of the command, joined by blanks, with no end; or standard input as it comes,
/// from a terminal without line ends. Prints what comes back as it comes. Throws Failure.
[[nodiscard]] ExitCode run_raw(const Options& options, Output& output);

}  // namespace reactord::cli
