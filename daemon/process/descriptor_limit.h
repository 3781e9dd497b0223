// SPDX-License-Identifier: MIT
// How many descriptors the process may have (RLIMIT_NOFILE), and how many connections that allows.
#pragma once

#include <cstdint>

namespace reactord {

struct DescriptorLimit {
  std::int64_t descriptors = 0;           ///< the limit now in force
  std::int64_t possible_connections = 0;  ///< what it leaves for connections, at least 1
};

/// Raises the soft limit as far as `connections` and `reserved` more descriptors need and the hard
/// one allows (getrlimit(2)). Where that is too little, the connections make do with what is left.
[[nodiscard]] DescriptorLimit raise_descriptor_limit(std::int64_t connections,
                                                     std::int64_t reserved);

}  // namespace reactord
