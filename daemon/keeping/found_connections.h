// SPDX-License-Identifier: MIT
// Those that a process has left which did not end in order: the sockets in its queue, each with
// what its table says of it. Knows no listener and no connection table.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/keeping/kept_table.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

struct FoundConnections {
  std::string problem = {};  ///< with all of it, or with what is missing
  std::uint64_t last_client_id = 0;
  struct Found {
    UniqueFd fd;
    KeptConnection kept;
  };
  std::vector<Found> connections = {};  ///< the oldest first
  std::size_t unknown = 0;  ///< sockets of which the table says nothing: they have been shut down
};

/// Empties the queue whose kept end is `fd`; of connections that have ended before nothing is left.
/// `now` on CLOCK_MONOTONIC. Throws std::bad_alloc.
[[nodiscard]] FoundConnections find_kept(int fd, std::chrono::seconds now);

}  // namespace reactord
