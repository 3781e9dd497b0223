// SPDX-License-Identifier: MIT
#include "daemon/outgoing/back_off.h"

#include <algorithm>
#include <memory>
#include <random>

namespace reactord {

RandomSource random_of_system() {
  const auto engine = std::make_shared<std::minstd_rand>(std::random_device()());
  return [engine] { return std::uniform_real_distribution<double>(0, 1)(*engine); };
}

std::chrono::milliseconds BackOff::next() {
  const std::chrono::milliseconds due = std::min(next_, most_);
  next_ = std::min(due * 2, most_);
  const auto half = static_cast<double>(due.count()) / 2;
  return std::chrono::milliseconds(static_cast<std::int64_t>(half + half * random_()));
}

}  // namespace reactord
