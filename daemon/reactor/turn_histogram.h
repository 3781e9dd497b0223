// SPDX-License-Identifier: MIT
// How long the turns of a loop took, in logarithmic buckets: constant memory, one addition a turn.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "daemon/reactor/clock.h"

namespace reactord {

class TurnHistogram {
 public:
  void record(Duration length) {
    ++buckets_[bucket_of(length)];
    ++count_;
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// What `share` (0 to 1) of the turns did not exceed: the end of a bucket, so at most an eighth
  /// more than it was. Zero before the first turn.
  [[nodiscard]] Duration at_share(double share) const;

 private:
  /// Each power of two is cut into 8: exact enough to tell 1.8 ms from 2, and a page of memory.
  static constexpr unsigned kBits = 3;
  /// Longer turns count as this: 2^36 ns are 69 s.
  static constexpr std::uint64_t kMostNanoseconds = (std::uint64_t{1} << 36) - 1;
  static constexpr std::size_t kBuckets = (36 - kBits + 1) << kBits;

  [[nodiscard]] static std::size_t bucket_of(Duration length) {
    const auto value = std::min(static_cast<std::uint64_t>(length.count()), kMostNanoseconds);
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= kBits) return static_cast<std::size_t>(value);
    const unsigned shift = width - kBits - 1;
    return (std::size_t{shift} << kBits) + static_cast<std::size_t>(value >> shift);
  }

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace reactord
