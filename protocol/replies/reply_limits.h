// SPDX-License-Identifier: MIT
// What one reply of a server may cost whoever reads it.
#pragma once

#include <cstddef>

namespace reactord {

/// Bounds of one reply. The defaults hold what a person or a script can use.
struct ReplyLimits {
  std::size_t max_bytes = 512u << 20;     ///< as sent; Redis' own limit of one bulk string
  std::size_t max_line_bytes = 4u << 20;  ///< simple strings, errors, numbers of many digits
  std::size_t max_elements = 2u << 20;  ///< values in all, at least 1; a tree has 64 bytes for each
  std::size_t max_depth = 64;           ///< aggregates inside aggregates
};

}  // namespace reactord
