// SPDX-License-Identifier: MIT
// What a connection's requests have taken so far. Each connection has one, so it is packed into 16
// bytes: the longest latency as the bucket of a Histogram that it falls into, right to one percent.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "daemon/reactor/clock.h"
#include "daemon/reactor/histogram.h"

namespace reactord {

class ClientFigures {
 public:
  /// The number of an error's code (ErrorStats); 0 for none.
  using ErrorNumber = std::uint8_t;

  /// The loop has worked so long for it.
  void add_work(Duration work) noexcept {
    worked_ = (worked_ + nanoseconds_of(work)) & kWorkedMask;
  }
  /// Requests were answered, each so long after it had come.
  void add_answers(Duration latency, std::uint64_t requests) noexcept {
    const std::uint64_t each = nanoseconds_of(latency);
    waited_usec_ = (waited_usec_ + each * requests / 1000) & kWaitedMask;
    const std::size_t bucket = Histogram::bucket_of(std::min(each, Histogram::kMostNanoseconds));
    if (bucket > longest_) longest_ = bucket & kBucketMask;
  }
  void note_error(ErrorNumber number) noexcept {
    if (number != 0) error_ = number;
  }

  [[nodiscard]] std::chrono::nanoseconds work() const {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(worked_));
  }
  [[nodiscard]] std::chrono::microseconds latency() const {
    return std::chrono::microseconds(static_cast<std::int64_t>(waited_usec_));
  }
  [[nodiscard]] std::chrono::nanoseconds longest_latency() const {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(Histogram::value_of(longest_)));
  }
  [[nodiscard]] ErrorNumber latest_error() const { return error_; }

 private:
  static constexpr std::uint64_t kWorkedMask = (std::uint64_t{1} << 56) - 1;  ///< 2 years
  static constexpr std::uint64_t kWaitedMask = (std::uint64_t{1} << 52) - 1;  ///< 142 years
  static constexpr std::uint64_t kBucketMask = (std::uint64_t{1} << 12) - 1;
  static_assert(Histogram::kBuckets <= kBucketMask + 1);

  [[nodiscard]] static std::uint64_t nanoseconds_of(Duration time) {
    return static_cast<std::uint64_t>(std::max(time, Duration::zero()).count());
  }

  std::uint64_t worked_ : 56 = 0;  ///< nanoseconds
  ErrorNumber error_ = 0;
  std::uint64_t waited_usec_ : 52 = 0;  ///< of all requests together
  std::uint64_t longest_ : 12 = 0;
};

static_assert(sizeof(ClientFigures) == 16);

}  // namespace reactord
