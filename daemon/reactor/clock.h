// SPDX-License-Identifier: MIT
// Monotonic time behind a seam, so that tests decide what time it is.
//
// It is CLOCK_MONOTONIC (clock_gettime(2); std::chrono::steady_clock is that one with libstdc++ and
// libc++), and not the two that look alike:
// - CLOCK_REALTIME jumps when somebody sets the clock, or NTP does: deadlines would pass at once,
//   or never.
// - CLOCK_BOOTTIME goes on while the machine is suspended. No client could send to it meanwhile, so
//   that none was slow: after a night with the lid closed each would have let its deadline pass.
//   epoll_wait(2) does not count that time either, and would sleep longer than such a clock says.
// What monotonic time does not tell apart is a process that was stopped or frozen while its clients
// went on sending. That is why the loop looks at every socket before it lets a deadline pass
// (event_loop.h, connection_deadlines.h).
#pragma once

#include <chrono>

namespace reactord {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const noexcept = 0;
};

class SteadyClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const noexcept override { return std::chrono::steady_clock::now(); }
};

}  // namespace reactord
