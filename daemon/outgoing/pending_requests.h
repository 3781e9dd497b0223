// SPDX-License-Identifier: MIT
// Requests whose replies are owed, in the order in which they were made, which is that of the
// replies. Each has a ticket, one more than the last one's, by which it is found at once. A ring:
// nothing moves when one goes, and its memory is kept. Knows no socket and no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "daemon/outgoing/resp_client.h"

namespace reactord {

struct PendingRequest {
  RespCallback callback;  ///< none: nobody waits any more; the reply will be thrown away
  std::chrono::steady_clock::time_point deadline;
  std::size_t bytes = 0;  ///< of the request as it is sent
};

class PendingRequests {
 public:
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint64_t first_ticket() const { return first_; }
  /// The one that the next request will get.
  [[nodiscard]] std::uint64_t next_ticket() const { return first_ + size_; }

  /// The oldest is 0. References are valid until the next push().
  [[nodiscard]] PendingRequest& operator[](std::size_t index) {
    return ring_[(head_ + index) & (ring_.size() - 1)];
  }
  /// Null: there is none any more.
  [[nodiscard]] PendingRequest* find(std::uint64_t ticket) {
    return ticket >= first_ && ticket < next_ticket() ? &(*this)[ticket - first_] : nullptr;
  }

  /// Throws std::bad_alloc, and has changed nothing then.
  std::uint64_t push(PendingRequest&& request) {
    if (size_ == ring_.size()) grow();
    ++size_;
    (*this)[size_ - 1] = std::move(request);
    return next_ticket() - 1;
  }

  PendingRequest pop() {
    PendingRequest oldest = std::exchange((*this)[0], {});
    head_ = (head_ + 1) & (ring_.size() - 1);
    ++first_;
    --size_;
    return oldest;
  }

 private:
  static constexpr std::size_t kLeastRoom = 16;  // a power of two, as each that follows it

  void grow() {
    std::vector<PendingRequest> larger(ring_.empty() ? kLeastRoom : 2 * ring_.size());
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    ring_ = std::move(larger);
    head_ = 0;
  }

  std::vector<PendingRequest> ring_;  ///< its size is a power of two
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  std::uint64_t first_ = 1;  ///< 0 is no ticket
};

}  // namespace reactord
