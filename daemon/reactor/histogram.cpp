// SPDX-License-Identifier: MIT
#include "daemon/reactor/histogram.h"

#include <cmath>

namespace reactord {

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  least_ = std::min(least_, other.least_);
  most_ = std::max(most_, other.most_);
}

Histogram Histogram::since(const Histogram& earlier) const {
  Histogram later;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    later.buckets_[i] = buckets_[i] - earlier.buckets_[i];
    if (later.buckets_[i] == 0) continue;
    later.least_ = std::min(later.least_, value_of(i));
    later.most_ = value_of(i);
  }
  later.count_ = count_ - earlier.count_;
  later.sum_ = sum_ - earlier.sum_;
  return later;
}

double Histogram::mean() const {
  return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

std::uint64_t Histogram::at_share(double share) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t i = first_used(); i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::clamp(value_of(i), least_, most_);
  }
  return most_;
}

std::uint64_t Histogram::up_to(std::uint64_t nanoseconds) const {
  const std::size_t end = bucket_of(std::min(nanoseconds, kMostNanoseconds) + 1);
  std::uint64_t seen = 0;
  for (std::size_t i = first_used(); i < std::min(end, kBuckets); ++i) seen += buckets_[i];
  return seen;
}

std::uint64_t Histogram::value_of(std::size_t index) {
  constexpr std::size_t kEach = std::size_t{1} << kBits;
  if (index < 2 * kEach) return index;  // a bucket a value
  const std::size_t shift = (index >> kBits) - 1;
  const std::uint64_t first = static_cast<std::uint64_t>(index - (shift << kBits)) << shift;
  return first + ((std::uint64_t{1} << shift) - 1) / 2;
}

}  // namespace reactord
