// SPDX-License-Identifier: MIT
// Wakes the loop at an exact time (timerfd_create(2)): epoll_wait(2) counts in milliseconds, which
// is too coarse for who must act every few microseconds.
#pragma once

#include "daemon/reactor/clock.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

class PreciseTimer {
 public:
  /// Throws std::system_error.
  PreciseTimer();

  /// To be watched level-triggered.
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// Readable from `when` on (of the steady clock), whatever was set before.
  void set(TimePoint when) noexcept;
  /// Takes the expiry, so that the descriptor is quiet until the next set().
  void clear() noexcept;

 private:
  UniqueFd fd_;
  TimePoint set_to_{};
};

}  // namespace reactord
