// SPDX-License-Identifier: MIT
// How long to wait before the next attempt: twice as long each time, with jitter, so that many
// clients of a sick server do not come all at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace users {

class Backoff {
 public:
  explicit Backoff(unsigned seed) : random_(seed) {}

  /// Between half and all of 100 ms, 200 ms, ... 5 s.
  [[nodiscard]] std::chrono::milliseconds next() {
    const std::chrono::milliseconds full = std::min(kFirst * (1 << std::min(failures_, 10)), kMost);
    ++failures_;
    std::uniform_int_distribution<std::int64_t> part(full.count() / 2, full.count());
    return std::chrono::milliseconds(part(random_));
  }
  void reset() { failures_ = 0; }
  [[nodiscard]] int failures() const { return failures_; }

 private:
  static constexpr std::chrono::milliseconds kFirst{100};
  static constexpr std::chrono::milliseconds kMost{5000};

  std::minstd_rand random_;
  int failures_ = 0;
};

}  // namespace users
