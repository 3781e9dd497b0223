// SPDX-License-Identifier: MIT
// The slow turns of the loop on record: the latest of them, one a second. Measures nothing itself.
#pragma once

#include <chrono>
#include <cstddef>

#include "daemon/interface/diagnostics.h"
#include "daemon/reactor/clock.h"

namespace reactord {

class TurnRecord {
 public:
  /// As many as Redis keeps of an event (latency.c): some minutes in which every second is bad.
  static constexpr std::size_t kMaxSamples = 160;

  /// A slow turn has ended at `now`. Throws std::bad_alloc.
  void note(std::chrono::system_clock::time_point now, Duration took);
  void forget() { turns_ = {}; }
  [[nodiscard]] const SlowTurns& turns() const { return turns_; }

 private:
  SlowTurns turns_;
};

}  // namespace reactord
