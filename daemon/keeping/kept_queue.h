// SPDX-License-Identifier: MIT
// Where the sockets of connections wait beside the process: in the queue of a Unix socket whose
// other end somebody keeps (unix(7), SCM_RIGHTS), so that one descriptor stands for all of them,
// and outlives the process. Each message has the table in front, so that any of them is enough to
// find out about itself. What is in the middle cannot be taken out: only the oldest message can.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "daemon/handover/fd_passing.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

class KeptQueue {
 public:
  /// Of one message, beside the table.
  static constexpr std::size_t kMaxSockets = kMaxFdsPerMessage - 1;

  /// The problem, or "".
  [[nodiscard]] std::string open();
  void close() noexcept;
  /// What somebody is to keep.
  [[nodiscard]] int kept_end() const { return kept_end_.get(); }

  /// The table's, and the sockets'. False, with errno, where there is no room: in the queue
  /// (EAGAIN), or among the descriptors that a user may have on their way, as many as RLIMIT_NOFILE
  /// says (ETOOMANYREFS).
  [[nodiscard]] bool put(std::span<const int> table_and_sockets) noexcept;
  /// The oldest message, and with it what nobody else has open. False where there is none.
  bool drop_oldest() noexcept;

 private:
  UniqueFd kept_end_;
  UniqueFd our_end_;
};

}  // namespace reactord
