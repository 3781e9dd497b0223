// SPDX-License-Identifier: MIT
// Waits for descriptors and for the signals that a terminal sends, losing none: a signal that comes
// just before the wait ends it too.
#pragma once

#include <poll.h>

#include <span>

#include "tools/reactor-cli/net/connection.h"

namespace reactord::cli {

/// What ended a wait, besides descriptors (see their revents).
struct TerminalEvents {
  bool interrupted = false;  ///< SIGINT, which take_interrupt() still tells
  bool resized = false;      ///< SIGWINCH
  bool continued = false;    ///< SIGCONT: the shell may have changed the terminal's modes
  bool timed_out = false;
};

/// From here on SIGINT, SIGWINCH and SIGCONT end waits (see also catch_interrupts()).
void catch_terminal_signals();

/// Throws Failure when poll(2) fails.
[[nodiscard]] TerminalEvents wait_on_terminal(std::span<pollfd> fds, Deadline deadline);

}  // namespace reactord::cli
