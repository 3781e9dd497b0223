// SPDX-License-Identifier: MIT
// Splits an inline line into arguments by Redis' quoting rules (sdssplitargs in sds.c): blanks
// separate; "..." with \n \r \t \b \a \\ \" \xHH; '...' with \' only; a closing quote must be
// followed by a blank or the end. Unlike there, a NUL byte is an ordinary byte, but behind a \r
// (telnet's Enter) it is a blank. Knows no command.
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

/// Blanks before the word are skipped. Quotes inside the word stay in it, undecoded: such a word is
/// no verbatim command's name, and split_inline() has the last word on it.
[[nodiscard]] FirstWord split_first_word(std::string_view line);

/// Telnet's negotiation, or its Ctrl-C (RFC 854, "TELNET COMMAND STRUCTURE"): the byte 255 and a
/// command. No UTF-8 text has these bytes.
[[nodiscard]] bool has_telnet_command(std::string_view line);

enum class [[nodiscard]] SplitStatus{
    ok,
    unbalanced_quotes,
    too_many_arguments,
};

/// Appends the words of `line`, at most `max_arguments` of them, to `arguments`. Words without
/// quotes are views into `line`. Words with quotes are decoded into `decoded`, which is cleared
/// first, must outlive the views, and is not reallocated while it is filled (no word grows by
/// decoding). On any other status than `ok` the arguments are of no use.
SplitStatus split_inline(std::string_view line, std::size_t max_arguments,
                         std::vector<std::string_view>& arguments, std::string& decoded);

}  // namespace reactord
