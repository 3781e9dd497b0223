// SPDX-License-Identifier: MIT
// What a terminal can show: one rule for all programs.
#pragma once

namespace reactord {

/// Whether to colour what is written to `fd`: a terminal that is not dumb, unless NO_COLOR says no
/// (https://no-color.org: set and not empty).
[[nodiscard]] bool shows_colours(int fd);

/// Whether the locale (LC_ALL, LC_CTYPE, LANG) has more than ASCII.
[[nodiscard]] bool shows_utf8();

}  // namespace reactord
