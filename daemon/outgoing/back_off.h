// SPDX-License-Identifier: MIT
// How long to wait before the next attempt: longer after each that failed, and never quite as long
// as others wait, so that the clients of a sick server do not come all at once. Knows no clock.
#pragma once

#include <chrono>
#include <functional>

namespace reactord {

/// From 0 to below 1.
using RandomSource = std::function<double()>;
/// Of its own for each call, seeded by the system.
[[nodiscard]] RandomSource random_of_system();

class BackOff {
 public:
  BackOff(std::chrono::milliseconds least, std::chrono::milliseconds most, RandomSource random)
      : least_(least), most_(most), next_(least), random_(std::move(random)) {}

  /// At least half of the pause that is due (which begins with the least, doubles with each call,
  /// and ends at the most), and below the whole of it.
  [[nodiscard]] std::chrono::milliseconds next();
  /// It has worked: the next pause is the least.
  void reset() { next_ = least_; }

 private:
  std::chrono::milliseconds least_;
  std::chrono::milliseconds most_;
  std::chrono::milliseconds next_;
  RandomSource random_;
};

}  // namespace reactord
