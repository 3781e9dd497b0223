// SPDX-License-Identifier: MIT
#include "daemon/reactor/precise_timer.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace reactord {

PreciseTimer::PreciseTimer() : fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  if (!fd_) throw std::system_error(errno, std::system_category(), "timerfd_create");
}

void PreciseTimer::set(TimePoint when) noexcept {
  if (when == set_to_) return;
  set_to_ = when;
  // A time of zero would turn the timer off; one that has passed expires at once.
  const auto nanoseconds = std::max<std::int64_t>(
      1, std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count());
  itimerspec spec{};
  spec.it_value.tv_sec = nanoseconds / 1'000'000'000;
  spec.it_value.tv_nsec = nanoseconds % 1'000'000'000;
  ::timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

void PreciseTimer::clear() noexcept {
  std::uint64_t expiries = 0;
  static_cast<void>(!::read(fd_.get(), &expiries, sizeof(expiries)));
  set_to_ = {};
}

}  // namespace reactord
