// SPDX-License-Identifier: MIT
// Where a line editor's cursor is: what must be known to erase a line that is being typed. Knows no
// terminal.
#pragma once

#include <cstddef>
#include <string_view>

namespace reactord::cli {

struct ScreenSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

/// The rows between the start of a prompt and the cursor, when libedit has drawn the prompt at the
/// left edge and the line behind it. Counts as libedit's refresh.c does: wide characters are not
/// split at the edge, controls are ^X, a tab ends at a multiple of eight, and what is taller than
/// the screen has lost its first rows.
[[nodiscard]] std::size_t rows_above_cursor(std::wstring_view prompt, std::wstring_view line,
                                            std::size_t cursor, ScreenSize screen);

}  // namespace reactord::cli
