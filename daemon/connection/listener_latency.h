// SPDX-License-Identifier: MIT
// How long requests took, by the listener that their clients came in by. By its name, so that what
// was counted outlives reloads. Knows no listener and no connection.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "daemon/connection/listener_policy.h"
#include "daemon/reactor/clock.h"
#include "daemon/reactor/histogram.h"

namespace reactord {

class ListenerLatency {
 public:
  /// Names that are counted apart, 18 KiB each: many reloads may bring ever new ones.
  static constexpr std::size_t kMaxNames = 64;
  using ByName = std::map<std::string, Histogram, std::less<>>;

  /// Without room or memory for another name they are not counted.
  void record(const ListenerPolicy& policy, Duration latency, std::uint64_t requests) noexcept {
    if (policy.latency == nullptr) [[unlikely]]
      policy.latency = histogram_of(policy);
    if (policy.latency == nullptr) return;
    policy.latency->record(static_cast<std::uint64_t>(std::max(latency, Duration::zero()).count()),
                           requests);
  }
  [[nodiscard]] const ByName& by_name() const { return by_name_; }

 private:
  [[nodiscard]] Histogram* histogram_of(const ListenerPolicy& policy) noexcept;

  ByName by_name_;
};

}  // namespace reactord
