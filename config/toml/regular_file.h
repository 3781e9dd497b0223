// SPDX-License-Identifier: MIT
// Reads a file that somebody named, without trusting that it is one: a directory, a FIFO or a
// device is a message, never a wait. Knows nothing of what is in it.
#pragma once

#include <cstddef>
#include <string>

namespace reactord {

/// Appends the file's bytes to `out`; of a file longer than `max_bytes` a little more than that, so
/// that the caller can tell. Returns the problem ("is a directory, not a file"), or "".
[[nodiscard]] std::string read_regular_file(const std::string& path, std::size_t max_bytes,
                                            std::string& out);

}  // namespace reactord
