// SPDX-License-Identifier: MIT
// "Did you mean ...?": the known word nearest to an unknown one. Knows nothing of what the words
// name.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace reactord {

/// The candidate that is nearest to `word` by edit distance (insert, delete, replace, swap
/// neighbours; case does not count), else the only one that it is a beginning of, or "" when none
/// is near enough to be what was meant.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> candidates);

/// "; did you mean 'max_frame'?", or "" when nothing is near.
[[nodiscard]] std::string suggestion(std::string_view word,
                                     std::span<const std::string_view> candidates);

}  // namespace reactord
