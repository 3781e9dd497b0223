// SPDX-License-Identifier: MIT
// How many descriptors the process may have (RLIMIT_NOFILE), who has them, and how many connections
// that allows. Clients get what is left: listeners, the log and administrators are counted first.
#pragma once

#include <cstdint>
#include <string>

#include "config/config.h"

namespace reactord {

struct DescriptorLimit {
  std::int64_t descriptors = 0;           ///< the limit now in force
  std::int64_t possible_connections = 0;  ///< what it leaves for connections, at least 1
};

/// Makes the kernel's table of this process's descriptors large enough for all that `config` allows
/// at once. It grows by doubling, and where there are threads each time takes the kernel some 10 ms
/// (a grace period of RCU: expand_fdtable() in fs/file.c), in which the loop would stand still:
/// call it before there are any. 8 bytes of the kernel's for each descriptor.
void reserve_descriptor_table(const Config& config);

class DescriptorBudget {
 public:
  /// Counts what is open: construct with passed sockets and the log open, and listeners not yet.
  DescriptorBudget();

  /// Raises the soft limit as far as `config` and `connections` need and the hard one allows
  /// (getrlimit(2)). Where that is too little, the connections make do with what is left.
  [[nodiscard]] DescriptorLimit raise_for(const Config& config, std::int64_t connections) const;
  /// Whether a reload may bring `config` beside `connections`: the problem, or "".
  [[nodiscard]] std::string check(const Config& config, std::int64_t connections) const;

 private:
  std::int64_t open_before_;
};

}  // namespace reactord
