// SPDX-License-Identifier: MIT
// The histogram's promises: at most one percent of error over many random samples, exact extremes,
// merging that loses nothing.
#include "daemon/reactor/histogram.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace reactord {
namespace {

constexpr double kShares[] = {0, 0.01, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};

/// The value at that share by counting, which is what the histogram must come near to.
std::uint64_t exact(const std::vector<std::uint64_t>& sorted, double share) {
  const double wanted = std::ceil(share * static_cast<double>(sorted.size()));
  const auto rank = std::clamp<std::size_t>(static_cast<std::size_t>(wanted), 1, sorted.size());
  return sorted[rank - 1];
}

void check_within_one_percent(std::vector<std::uint64_t> values) {
  Histogram histogram;
  for (const std::uint64_t value : values) histogram.record(value);
  std::sort(values.begin(), values.end());
  for (const double share : kShares) {
    CAPTURE(share);
    const auto truth = static_cast<double>(exact(values, share));
    const auto told = static_cast<double>(histogram.at_share(share));
    CHECK(std::abs(told - truth) <= truth * 0.01);
  }
  CHECK_EQ(histogram.least(), values.front());
  CHECK_EQ(histogram.most(), values.back());
}

TEST_CASE("percentiles are right to one percent, whatever the distribution") {
  std::mt19937_64 random(20);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::uint64_t> uniform;
    std::vector<std::uint64_t> exponential;
    std::vector<std::uint64_t> every_magnitude;
    std::exponential_distribution<double> latency(1e-6);
    for (int i = 0; i < 5000; ++i) {
      uniform.push_back(random() % 1'000'000);
      exponential.push_back(static_cast<std::uint64_t>(latency(random)));
      every_magnitude.push_back((random() >> (24 + random() % 40)));
    }
    check_within_one_percent(uniform);
    check_within_one_percent(exponential);
    check_within_one_percent(every_magnitude);
  }
}

TEST_CASE("each value falls into a bucket that stands for it within one percent") {
  const auto check = [](std::uint64_t value) {
    CAPTURE(value);
    const std::size_t bucket = Histogram::bucket_of(value);
    REQUIRE(bucket < Histogram::kBuckets);
    const auto told = static_cast<double>(Histogram::value_of(bucket));
    CHECK(std::abs(told - static_cast<double>(value)) <= static_cast<double>(value) * 0.01);
  };
  for (std::uint64_t value = 0; value < 20'000; ++value) check(value);
  for (unsigned bit = 14; bit < 40; ++bit) {
    const std::uint64_t power = std::uint64_t{1} << bit;
    for (const std::uint64_t value : {power - 1, power, power + 1, power + power / 3}) check(value);
  }
  check(Histogram::kMostNanoseconds);
  CHECK_EQ(Histogram::bucket_of(Histogram::kMostNanoseconds), Histogram::kBuckets - 1);
}

TEST_CASE("buckets follow each other without a gap") {
  for (std::size_t i = 0; i + 1 < Histogram::kBuckets; ++i) {
    CAPTURE(i);
    REQUIRE(Histogram::bucket_of(Histogram::value_of(i)) == i);
    REQUIRE(Histogram::value_of(i) < Histogram::value_of(i + 1));
  }
}

TEST_CASE("longer than the longest counts as the longest, and the maximum stays exact") {
  Histogram histogram;
  histogram.record(UINT64_MAX / 4);
  CHECK_EQ(histogram.count(), 1);
  CHECK_EQ(histogram.most(), UINT64_MAX / 4);
  CHECK_EQ(histogram.at_share(0.5), UINT64_MAX / 4);
}

TEST_CASE("two that are merged are as one that has seen everything") {
  Histogram one;
  Histogram other;
  Histogram all;
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t value = random() % 50'000'000;
    (i % 3 == 0 ? one : other).record(value);
    all.record(value);
  }
  one.merge(other);
  for (const double share : kShares) CHECK_EQ(one.at_share(share), all.at_share(share));
  CHECK_EQ(one.count(), all.count());
  CHECK_EQ(one.least(), all.least());
  CHECK_EQ(one.most(), all.most());
  CHECK(one.mean() == doctest::Approx(all.mean()));
}

TEST_CASE("what is recorded many times at once counts as often") {
  Histogram at_once;
  Histogram one_by_one;
  at_once.record(700, 3);
  at_once.record(40'000, 2);
  for (const std::uint64_t value : {700u, 700u, 700u, 40'000u, 40'000u}) one_by_one.record(value);
  CHECK_EQ(at_once.count(), 5);
  CHECK_EQ(at_once.sum(), one_by_one.sum());
  for (const double share : kShares) CHECK_EQ(at_once.at_share(share), one_by_one.at_share(share));
}

TEST_CASE("what lies at or below a power of two is counted exactly") {
  Histogram histogram;
  for (const std::uint64_t value : {1u, 1'023u, 1'024u, 2'047u, 2'048u, 1u << 30})
    histogram.record(value);
  CHECK_EQ(histogram.up_to(0), 0);
  CHECK_EQ(histogram.up_to(1'023), 2);
  CHECK_EQ(histogram.up_to(2'047), 4);
  CHECK_EQ(histogram.up_to(4'095), 5);
  CHECK_EQ(histogram.up_to(UINT64_MAX), 6);
}

TEST_CASE("shares: one long in ten thousand is beyond the 99.99th, not beyond all") {
  Histogram histogram;
  for (int i = 0; i < 9'999; ++i) histogram.record(i < 9'900 ? 10'000 : 100'000);
  histogram.record(5'000'000);
  CHECK(histogram.at_share(0.99) < 10'100);
  CHECK(histogram.at_share(0.9999) < 101'000);
  CHECK_EQ(histogram.at_share(1), 5'000'000);
}

TEST_CASE("what came since an earlier time") {
  Histogram histogram;
  for (const std::uint64_t value : {10u, 1'000'000u}) histogram.record(value);
  const Histogram earlier = histogram;
  CHECK_EQ(histogram.since(earlier).count(), 0);
  CHECK_EQ(histogram.since(earlier).most(), 0);
  for (const std::uint64_t value : {5'000u, 70'000u}) histogram.record(value);
  const Histogram later = histogram.since(earlier);
  CHECK_EQ(later.count(), 2);
  CHECK_EQ(later.sum(), 75'000);
  CHECK(later.least() == doctest::Approx(5'000).epsilon(0.01));
  CHECK(later.most() == doctest::Approx(70'000).epsilon(0.01));
  CHECK(later.at_share(0.5) == doctest::Approx(5'000).epsilon(0.01));
}

TEST_CASE("of nothing there is nothing to tell") {
  Histogram histogram;
  CHECK_EQ(histogram.at_share(0.99), 0);
  CHECK_EQ(histogram.least(), 0);
  CHECK_EQ(histogram.most(), 0);
  histogram.record(5);
  histogram.clear();
  CHECK_EQ(histogram.count(), 0);
}

}  // namespace
}  // namespace reactord
