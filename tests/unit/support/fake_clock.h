// SPDX-License-Identifier: MIT
// Time that passes only when a test says so.
#pragma once

#include "daemon/reactor/clock.h"

namespace reactord {

class FakeClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const noexcept override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  // Not the epoch: a time that was never set must not look like now.
  TimePoint now_ = TimePoint(std::chrono::hours(1000));
};

}  // namespace reactord
