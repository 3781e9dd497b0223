// SPDX-License-Identifier: MIT
// Lines that break between words where a terminal is narrower than they are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reactord::cli {

/// Breaks each line of `text` that is longer than `columns` at blanks; what goes on is indented as
/// its line is. A word that is longer than a line stays whole. 0 columns: as it is.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t columns);

/// The columns of the terminal at `fd`, or 0 where it is none.
[[nodiscard]] std::size_t columns_of(int fd);

}  // namespace reactord::cli
