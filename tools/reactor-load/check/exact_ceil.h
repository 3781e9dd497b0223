// SPDX-License-Identifier: MIT
// What CEIL must answer, computed here from the decimal text alone, so that a server is held
// against something that it did not compute itself. Shares no code with any handler.
#pragma once

#include <string>
#include <string_view>

namespace reactord::load {

/// Writes the least integer that is not below the number in `text` to `digits`; false when the text
/// is no number, or the result would have more than a million digits. `digits` is reused.
[[nodiscard]] bool exact_ceil(std::string_view text, std::string& digits);

}  // namespace reactord::load
