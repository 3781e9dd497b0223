// SPDX-License-Identifier: MIT
// The command line, checked and turned into a scenario. Knows what may be asked for, not how it is
// done.
#pragma once

#include <string>
#include <vector>

#include "tools/reactor-cli/net/tls_dial.h"
#include "tools/reactor-load/scenario/scenario.h"

namespace reactord::load {

struct Options {
  std::string information;  ///< not empty: to be printed instead of doing anything (--help)
  std::vector<std::string> compare;  ///< two result files; empty: a run
  Scenario scenario;
  cli::TlsFiles tls;  ///< for a server that speaks TLS
  std::string json_file;
  std::string html_file;
  bool quiet = false;  ///< nothing is shown while it runs
};

/// Reads the command line. Throws Stopped (usage).
[[nodiscard]] Options parse_options(int argc, const char* const* argv);

}  // namespace reactord::load
