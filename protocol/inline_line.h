// SPDX-License-Identifier: MIT
// Splits an inline line into arguments by Redis' quoting rules (sdssplitargs): blanks separate;
// "..." with \n \r \t \b \a \\ \" \xHH; '...' with \' only; a closing quote must be followed by a
// blank or the end.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace reactord {

/// A line cut behind its first word, for commands that take the rest of their line verbatim.
struct FirstWord {
  std::string_view word;  ///< empty when the line is blank or begins with a quote
  std::string_view rest;  ///< what follows after exactly one separator; other blanks are kept
  bool has_rest = false;  ///< false for "TEXT", true for "TEXT " (whose rest is empty)
};
[[nodiscard]] FirstWord split_first_word(std::string_view line);

enum class SplitStatus { ok, unbalanced_quotes, too_many_arguments };

/// Appends the words of `line` to `arguments`. Words without quotes are views into `line`; unquoted
/// text is decoded into `decoded`, which must outlive the views and is never reallocated while they
/// exist (it is reserved to line.size() first; no word grows by decoding).
[[nodiscard]] SplitStatus split_inline(std::string_view line, std::size_t max_arguments,
                                       std::vector<std::string_view>& arguments,
                                       std::string& decoded);

}  // namespace reactord
