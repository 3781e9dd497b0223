// SPDX-License-Identifier: MIT
// What each signal does whose default would end the process (signal(7)): the one table, which the
// man page repeats. Faults of the program (SEGV, ABRT and their like) are crash/'s, which
// reports them and leaves the rest to their default, a core dump; KILL and STOP are the kernel's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reactord {

enum class SignalAction : std::uint8_t {
  reload,
  dump,     ///< write all that there is to tell of its state to a file
  drain,    ///< answer what was received, then end; a second one ends at once
  succeed,  ///< leave connections to the process that follows (server.survive), or else drain
  mention,  ///< nothing, but the log says once what to send instead
  ignore    ///< nothing: a failed system call tells of it
};

struct SignalRule {
  int number;
  SignalAction action;
  std::string_view advice = {};  ///< of those that are mentioned
};

/// Without the real-time signals, which are mentioned all.
[[nodiscard]] std::span<const SignalRule> signal_rules();
[[nodiscard]] SignalRule rule_of(int signal);
/// Those that the loop takes in turn: all but the ignored ones.
[[nodiscard]] std::vector<int> watched_signals();
/// Ignores those that are to be ignored.
void ignore_signals();
/// "SIGTERM", "SIGRTMIN+3".
[[nodiscard]] std::string signal_name(int signal);

}  // namespace reactord
