// SPDX-License-Identifier: MIT
#include "daemon/reactor/turn_histogram.h"

#include <cmath>

namespace reactord {

namespace {

/// The last value that falls into a bucket; the reverse of bucket_of.
std::uint64_t end_of(std::size_t bucket, unsigned bits) {
  const std::size_t per_power = std::size_t{1} << bits;
  if (bucket < per_power) return bucket;
  const auto shift = static_cast<unsigned>((bucket >> bits) - 1);
  const std::uint64_t first = (per_power + (bucket & (per_power - 1))) << shift;
  return first + (std::uint64_t{1} << shift) - 1;
}

}  // namespace

Duration TurnHistogram::at_share(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen > 0 && seen >= wanted) return Duration(end_of(bucket, kBits));
  }
  return Duration::zero();
}

}  // namespace reactord
