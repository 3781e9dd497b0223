// SPDX-License-Identifier: MIT
#include "daemon/connection/listener_latency.h"

#include "daemon/reactor/out_of_memory.h"

namespace reactord {

Histogram* ListenerLatency::histogram_of(const ListenerPolicy& policy) noexcept {
  if (policy.listener == nullptr) return nullptr;
  const auto found = by_name_.find(*policy.listener);
  if (found != by_name_.end()) return &found->second;
  Histogram* made = nullptr;
  if (by_name_.size() < kMaxNames)
    (void)has_memory_for([&] { made = &by_name_[*policy.listener]; });
  return made;
}

}  // namespace reactord
