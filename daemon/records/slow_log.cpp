// SPDX-License-Identifier: MIT
#include "daemon/records/slow_log.h"

#include <algorithm>
#include <utility>

namespace reactord {

void SlowLog::set_limits(Duration threshold, std::size_t most) {
  threshold_ = threshold;
  most_ = most;
  requests_.resize(std::min(requests_.size(), most_));
}

void SlowLog::add(SlowRequest request) {
  request.id = next_id_++;
  requests_.push_front(std::make_shared<const SlowRequest>(std::move(request)));
  if (requests_.size() > most_) requests_.pop_back();
}

Diagnostics::SlowRequests SlowLog::latest(std::size_t most) const {
  const auto end = requests_.begin() + static_cast<std::ptrdiff_t>(std::min(most, size()));
  return {requests_.begin(), end};
}

}  // namespace reactord
