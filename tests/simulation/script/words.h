// SPDX-License-Identifier: MIT
// What the texts of a script's actions stand for.
#pragma once

#include <string>
#include <vector>

namespace simulation {

/// Words between blanks; "x*1000" is a thousand of them, also behind an '='.
[[nodiscard]] std::vector<std::string> words_of(const std::string& text);

/// Bytes, of which some are written as "\\r", "\\n" or "\\x00".
[[nodiscard]] std::string unescaped(const std::string& text);

}  // namespace simulation
