// SPDX-License-Identifier: MIT
// Replies as text: for people on a terminal (numbered, aligned, coloured, escaped) or plain for a
// pipe (one value a line, bytes as they are). Writes nowhere but to a string.
#pragma once

#include <string>
#include <string_view>

#include "protocol/replies/reply.h"

namespace reactord::cli {

struct Style {
  bool terminal = false;  ///< escape what could drive a terminal; number and align
  bool color = false;
  bool lines = false;  ///< --framing line: the server has escaped backslashes already
};

/// Appends the reply, ended by a line break. Line breaks in a text stay line breaks when it is the
/// whole reply, and are escaped within lists on a terminal. In a pipe, lists are flat and an empty
/// one is no line at all.
void render(const Reply& reply, const Style& style, std::string& out);

/// Makes text safe for a terminal, as protocol/escape.h does, but keeps its line breaks.
[[nodiscard]] std::string escape_lines(std::string_view text);

/// Appends the reply as one line of JSON: maps are objects if all their keys are text or numbers
/// (else lists of pairs), bytes that are no UTF-8 are {"base64": "..."}, errors {"error": "..."},
/// pushes {"push": [...]}; numbers beyond 64 bits, infinities and NaN are strings. With
/// `ascii_only`, other characters are \uXXXX, so that nothing can drive a terminal.
void render_json(const Reply& reply, bool ascii_only, std::string& out);

}  // namespace reactord::cli
