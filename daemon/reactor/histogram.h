// SPDX-License-Identifier: MIT
// Counts durations in logarithmic buckets: constant memory, one addition a value, and percentiles
// that are right to one percent. Knows nothing of what was measured.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace reactord {

class Histogram {
 public:
  /// Each power of two is cut into 64 buckets. A bucket's middle stands for all of it, so the error
  /// is at most half of 1/64, 0.8%. Below 64 ns each value has a bucket of its own.
  static constexpr unsigned kBits = 6;
  /// Longer ones count as this: 2^40 ns are 18 minutes.
  static constexpr std::uint64_t kMostNanoseconds = (std::uint64_t{1} << 40) - 1;
  static constexpr std::size_t kBuckets = (40 - kBits + 1) << kBits;

  /// As often as `times` says.
  void record(std::uint64_t nanoseconds, std::uint64_t times = 1) {
    buckets_[bucket_of(std::min(nanoseconds, kMostNanoseconds))] += times;
    count_ += times;
    sum_ += nanoseconds * times;
    least_ = std::min(least_, nanoseconds);
    most_ = std::max(most_, nanoseconds);
  }

  void merge(const Histogram& other);
  /// What was counted since it was `earlier`; least() and most() are right to one percent.
  [[nodiscard]] Histogram since(const Histogram& earlier) const;
  void clear() { *this = {}; }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Exact, all of them; 0 when nothing was counted.
  [[nodiscard]] std::uint64_t least() const { return count_ == 0 ? 0 : least_; }
  [[nodiscard]] std::uint64_t most() const { return most_; }
  [[nodiscard]] std::uint64_t sum() const { return sum_; }
  [[nodiscard]] double mean() const;
  /// The value that `share` (0 to 1) of all do not exceed; within 1%, and never above most().
  [[nodiscard]] std::uint64_t at_share(double share) const;
  /// How many are in the buckets that end at `nanoseconds` or before: exact at a power of two less
  /// one.
  [[nodiscard]] std::uint64_t up_to(std::uint64_t nanoseconds) const;

  /// For drawing: how many fell into bucket `index`, and what that bucket stands for.
  [[nodiscard]] std::uint64_t in_bucket(std::size_t index) const { return buckets_[index]; }
  [[nodiscard]] static std::uint64_t value_of(std::size_t index);

  [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t value) {
    const unsigned width = static_cast<unsigned>(std::bit_width(value));
    if (width <= kBits) return static_cast<std::size_t>(value);
    const unsigned shift = width - kBits - 1;
    return (std::size_t{shift} << kBits) + static_cast<std::size_t>(value >> shift);
  }

 private:
  /// Those before it are empty.
  [[nodiscard]] std::size_t first_used() const {
    return bucket_of(std::min(least_, kMostNanoseconds));
  }

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t least_ = UINT64_MAX;
  std::uint64_t most_ = 0;
};

}  // namespace reactord
