// SPDX-License-Identifier: MIT
// What redis-cli has under the same names: --stat, --latency, --latency-dist, --intrinsic-latency.
// Each prints until it has done its rounds, or until Ctrl-C, which ends it with what was measured.
#pragma once

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/output/output.h"

namespace reactord::cli {

// All throw Failure and OutputClosed.

/// A line of the server's figures an interval.
[[nodiscard]] ExitCode run_stat(const Options& options, Output& output);
/// The shortest, longest and mean time of PING: on a terminal in one line that changes, in a pipe a
/// line an interval.
[[nodiscard]] ExitCode run_latency(const Options& options, Output& output);
/// How these times are distributed, a line an interval.
[[nodiscard]] ExitCode run_latency_dist(const Options& options, Output& output);
/// For how long this machine kept a program waiting that only computes. Asks no server.
[[nodiscard]] ExitCode run_intrinsic_latency(const Options& options, Output& output);

}  // namespace reactord::cli
