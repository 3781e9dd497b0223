// SPDX-License-Identifier: MIT
// The slow requests on record, a bounded number of them. Who measures asks is_slow(), which is one
// comparison, and describes the request only where it is.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/interface/diagnostics.h"
#include "daemon/reactor/clock.h"

namespace reactord {

class SlowLog {
 public:
  /// What takes longer than `threshold` is kept, and the latest `most` of it.
  void set_limits(Duration threshold, std::size_t most);
  [[nodiscard]] bool is_slow(Duration took) const { return took > threshold_; }
  /// The same of what comes later, by a threshold of its own: nobody else waits for it.
  void set_deferred_limit(Duration threshold) { deferred_threshold_ = threshold; }
  [[nodiscard]] bool is_slow_deferred(Duration took) const { return took > deferred_threshold_; }
  [[nodiscard]] bool keeps_deferred() const { return deferred_threshold_ < Duration::max(); }
  /// Gives it its id. Throws std::bad_alloc.
  void add(SlowRequest request);
  void forget() { requests_.clear(); }

  [[nodiscard]] std::size_t size() const { return requests_.size(); }
  /// The latest ones, newest first.
  [[nodiscard]] Diagnostics::SlowRequests latest(std::size_t most) const;

 private:
  std::deque<std::shared_ptr<const SlowRequest>> requests_;  ///< newest in front
  Duration threshold_ = Duration::max();
  Duration deferred_threshold_ = Duration::max();
  std::size_t most_ = 0;
  std::uint64_t next_id_ = 0;
};

}  // namespace reactord
