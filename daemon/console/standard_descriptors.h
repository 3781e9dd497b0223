// SPDX-License-Identifier: MIT
// Descriptors 0 to 2, which a program may be started without (`<&-`, `>&-`, `2>&-`). A descriptor
// that a program opens takes the lowest free number: a log would be written into a socket, and
// requests read from it. Knows not what the program does with its streams.
#pragma once

namespace reactord {

/// Fills those of 0 to 2 that are closed, so that reading finds the end of input, and writing fails
/// (EBADF), which whoever writes tells. The first thing that a program does. Throws
/// std::system_error.
void occupy_standard_descriptors();

/// True when stderr is the stream that systemd connected to the journal:
/// JOURNAL_STREAM=device:inode (systemd.exec(5)). Comparing them tells a redirected stderr from the
/// journal's.
[[nodiscard]] bool is_stderr_the_journal();

}  // namespace reactord
