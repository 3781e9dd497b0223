// SPDX-License-Identifier: MIT
// How long commands take. A run of the same command within a batch is timed as a whole: two
// readings of the clock, not two for each request.
#pragma once

#include "daemon/dispatch/call_context.h"
#include "daemon/dispatch/command_table.h"
#include "daemon/dispatch/handler_guard.h"
#include "daemon/reactor/clock.h"

namespace reactord {

class CommandTiming {
 public:
  /// `context` tells for whom the latest call was.
  CommandTiming(const Clock& clock, HandlerGuard& guard, const CallContext& context)
      : clock_(clock), guard_(guard), context_(context) {}

  /// Before each call, which counts in entry.stats.calls from then on.
  void start(CommandEntry& entry) {
    if (timed_ != &entry) begin_run(entry);
  }
  void stop() {
    if (timed_ != nullptr) end_run();
  }

 private:
  [[gnu::noinline]] void begin_run(CommandEntry& entry);
  [[gnu::noinline]] void end_run();
  void finish(TimePoint now);

  const Clock& clock_;
  HandlerGuard& guard_;
  const CallContext& context_;
  CommandEntry* timed_ = nullptr;
  TimePoint since_;
  std::uint64_t calls_before_ = 0;
};

}  // namespace reactord
