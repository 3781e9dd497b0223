// SPDX-License-Identifier: MIT
// Makes bytes of unknown origin safe to show: in plain replies, log records and error messages, and
// on a terminal. Knows UTF-8 (RFC 3629) and which code points a line must not contain.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/buffers/buffer.h"

namespace reactord {

/// Appends `bytes` to `out` so that it is printable UTF-8 on one line: a backslash becomes `\\`,
/// and what is not printable UTF-8 becomes \n, \r, \t, or \xHH a byte. C1 controls, bidirectional
/// controls, line separators and non-characters count as not printable; invalid, overlong and
/// surrogate sequences are escaped byte by byte (RFC 3629). Takes at most four times the bytes.
void append_escaped(Buffer& out, std::string_view bytes);

/// Appends the text of an error: ASCII control characters become blanks, what else is not printable
/// UTF-8 becomes \xHH a byte, and a backslash stays, because the text may hold what was escaped
/// before.
void append_error_text(Buffer& out, std::string_view text);

/// Appends one byte as \xHH, in lower-case hexadecimal.
void append_hex_escape(Buffer& out, char byte);

/// append_escaped() as a string, of at most `max_bytes` bytes of input, never cut inside a
/// character; what was cut is shown as "...".
[[nodiscard]] std::string escaped(std::string_view bytes, std::size_t max_bytes = 128);

}  // namespace reactord
