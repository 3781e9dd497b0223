// SPDX-License-Identifier: MIT
// What the connections of one listener have in common.
#pragma once

#include <cstdint>
#include <string>

#include "config/config.h"
#include "daemon/interface/command_spec.h"
#include "daemon/reactor/event_loop.h"
#include "daemon/reactor/histogram.h"
#include "protocol/framing/frame_parser.h"
#include "protocol/reply_writer.h"

namespace reactord {

class InputLimiter;
struct CommandEntry;
struct LoopContext;

/// How a listener wants its connections served. Outlives them.
struct ListenerPolicy {
  LoopContext& loop_context;
  Framing framing = Framing::command;
  bool inline_replies_resp = false;
  /// What the listener allows; and the command that answers every line or chunk, unless framing is
  /// `command`.
  CommandClasses allowed_commands = CommandClasses::all();
  CommandEntry* bound_command = nullptr;
  Requirement requirement = Requirement::nothing;
  bool is_admin = false;  ///< the listener's role: its connections have slots of their own
  InputLimiter* limiter = nullptr;        ///< null where nothing is limited
  const std::string* listener = nullptr;  ///< its name, which a reload may change
  /// Of its listener's name; null before the first request (ListenerLatency).
  mutable Histogram* latency = nullptr;
  /// That refer to it, or will once they have come in; counted by the table.
  mutable std::uint32_t connections = 0;
};

/// Of replies where no request says how they are read; `command` where commands are framed.
[[nodiscard]] constexpr ReplyEncoding encoding_of(Framing framing, ReplyEncoding command) {
  switch (framing) {
    case Framing::line:
      return ReplyEncoding::plain;
    case Framing::raw:
      return ReplyEncoding::raw;
    case Framing::command:
      break;
  }
  return command;
}

/// Whoever has come to see to the daemon does not wait behind its clients.
[[nodiscard]] inline Priority priority_of(const ListenerPolicy& policy) {
  return policy.is_admin ? Priority::urgent : Priority::normal;
}

}  // namespace reactord
