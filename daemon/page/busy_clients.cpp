// SPDX-License-Identifier: MIT
#include "daemon/page/busy_clients.h"

#include <algorithm>
#include <utility>

namespace reactord {

namespace {

/// Of those that asked nothing, who has sent something comes first; then who has asked the most.
bool is_busier(const BusyClients::Busy& one, const BusyClients::Busy& other) {
  if (one.requests != other.requests) return one.requests > other.requests;
  if (one.bytes != other.bytes) return one.bytes > other.bytes;
  if (one.all_requests != other.all_requests) return one.all_requests > other.all_requests;
  return one.id < other.id;
}

}  // namespace

void BusyClients::begin_walk() {
  next_slot_ = 0;
  found_.clear();
  found_.reserve(kMaxTold + 1);
}

bool BusyClients::walk_on() {
  const std::uint32_t end = connections_.slots_used();
  if (seen_.size() < end) seen_.resize(end);
  const std::uint32_t stop = std::min(end, next_slot_ + kSlotsPerSlice);
  for (; next_slot_ < stop; ++next_slot_) {
    const Connection* const connection = connections_.at_slot(next_slot_);
    if (connection != nullptr && !connection->is_closed()) look_at(next_slot_, *connection);
  }
  if (next_slot_ < end) return false;
  std::sort_heap(found_.begin(), found_.end(), is_busier);
  busiest_ = found_;
  return true;
}

void BusyClients::look_at(std::uint32_t slot, const Connection& connection) {
  const Seen now{connection.client_id(), connection.commands(), connection.bytes_received()};
  const Seen before = std::exchange(seen_[slot], now);
  const bool is_same = before.id == now.id;
  keep_if_busy({.id = now.id,
                .requests = now.requests - (is_same ? before.requests : 0),
                .bytes = now.bytes - (is_same ? before.bytes : 0),
                .all_requests = now.requests});
}

void BusyClients::keep_if_busy(const Busy& one) {
  if (found_.size() == kMaxTold && !is_busier(one, found_.front())) return;
  found_.push_back(one);
  std::push_heap(found_.begin(), found_.end(), is_busier);
  if (found_.size() <= kMaxTold) return;
  std::pop_heap(found_.begin(), found_.end(), is_busier);
  found_.pop_back();
}

}  // namespace reactord
