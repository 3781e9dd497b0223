// SPDX-License-Identifier: MIT
// Makes bytes of unknown origin safe to show: in plain replies, log records and error messages, and
// on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/buffer.h"

namespace reactord {

/// Appends `bytes` to `out` so that it is printable UTF-8 on one line: a backslash becomes `\\`,
/// and what is not printable UTF-8 becomes \n, \r, \t, or \xHH a byte. C1 controls, bidirectional
/// overrides and line separators count as not printable; invalid, overlong and surrogate sequences
/// are escaped byte by byte (RFC 3629).
void append_escaped(Buffer& out, std::string_view bytes);

/// The same as a string, of at most `max_bytes` bytes of input; what was cut is shown as "...".
[[nodiscard]] std::string escaped(std::string_view bytes, std::size_t max_bytes = 128);

}  // namespace reactord
