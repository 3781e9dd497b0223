// SPDX-License-Identifier: MIT
#include "daemon/dispatch/command_timing.h"

#include <utility>

namespace reactord {

void CommandTiming::begin_run(CommandEntry& entry) {
  const TimePoint now = clock_.now();
  if (timed_ != nullptr) finish(now);
  timed_ = &entry;
  since_ = now;
  calls_before_ = entry.stats.calls;
}

void CommandTiming::end_run() {
  finish(clock_.now());
  timed_ = nullptr;
}

/// Which call of a long run took how long is not known; a run of one is the usual case.
void CommandTiming::finish(TimePoint now) {
  const auto time = now - since_;
  timed_->stats.time += time;
  if (!guard_.is_slow(time)) return;
  (void)has_memory_for([&] {
    guard_.report_slow(context_.describe(*timed_), time, timed_->stats.calls - calls_before_);
  });
}

}  // namespace reactord
