// SPDX-License-Identifier: MIT
// Many descriptors, and the bytes that belong to them, as one descriptor that can be given to
// somebody who keeps it: a Unix socket in whose queue they wait (unix(7), SCM_RIGHTS), the bytes in
// a memfd in front of them. It holds nothing of the process that has packed it, and outlives it.
// Knows nothing of connections.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/reactor/unique_fd.h"

namespace reactord {

struct Parcel {
  std::string problem = {};  ///< "" where it is packed
  UniqueFd fd = {};          ///< to be given away
  /// Its other end: hangs up once nobody holds `fd` any more (is_lost()).
  UniqueFd other_end = {};

  /// Nobody has it: neither we nor whoever it was given to.
  [[nodiscard]] bool is_lost() const;
};

/// `fds` stay open here, too. They count as in flight, of which the kernel allows a user as many as
/// RLIMIT_NOFILE says. Throws std::bad_alloc.
[[nodiscard]] Parcel pack(std::string_view bytes, std::span<const int> fds);

struct UnpackedParcel {
  std::string problem = {};  ///< with the whole of it, or with what is missing
  std::string bytes = {};
  std::vector<UniqueFd> fds = {};
};

/// Takes everything out: `fd` is empty afterwards. At most so many. Throws std::bad_alloc.
[[nodiscard]] UnpackedParcel unpack(int fd, std::size_t most_bytes, std::size_t most_fds);

}  // namespace reactord
