// SPDX-License-Identifier: MIT
// The command line, checked. Knows what may be asked for, not how it is done.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/reactor-cli/net/endpoint.h"
#include "tools/reactor-cli/net/tls_dial.h"

namespace reactord::cli {

enum class Framing : std::uint8_t { resp, line, raw };

/// What to do with the connection.
enum class Mode : std::uint8_t {
  requests,  ///< one command, or requests from standard input
  operate,   ///< the operator's console
  chat,
  hash,     ///< of a password or a token, for [[user]]
  upgrade,  ///< another process in the place of the one that serves
  doctor,   ///< what of the server's figures and settings is wrong
  top,      ///< clients and commands, live
  stat,     ///< the server's figures, a line an interval
  latency,
  latency_dist,
  intrinsic_latency,  ///< of this machine: no server is asked
};

/// Those that look at a server, or at this machine, instead of sending commands.
[[nodiscard]] constexpr bool watches(Mode mode) {
  return mode >= Mode::doctor;
}

struct Options {
  std::string information;  ///< not empty: to be printed instead of doing anything (--help)
  Mode mode = Mode::requests;
  std::string name;  ///< of the operator; empty: choose one
  /// Tried in order until one accepts.
  std::vector<Endpoint> endpoints;
  TlsFiles tls;  ///< for those that speak TLS
  Framing framing = Framing::resp;
  bool json = false;
  std::chrono::milliseconds timeout = std::chrono::seconds(5);
  bool timeout_given = false;
  std::uint64_t repeat = 1;
  std::chrono::milliseconds interval{0};
  bool interval_given = false;
  std::uint64_t rounds = 0;                    ///< of who watches; 0: without end
  std::chrono::milliseconds measured_time{0};  ///< of intrinsic_latency
  std::vector<std::string> command;            ///< empty: requests come from standard input
  bool push = false;                           ///< speak RESP3, and stay for what is pushed
  bool last_from_input = false;     ///< the command's last argument is all of standard input
  bool token = false;               ///< with `hash`: make one
  bool has_typed_password = false;  ///< it stands on the command line
};

/// Reads the command line. Throws Failure (usage).
[[nodiscard]] Options parse_options(int argc, const char* const* argv);

}  // namespace reactord::cli
