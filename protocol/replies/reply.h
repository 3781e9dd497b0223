// SPDX-License-Identifier: MIT
// One reply as a tree of values: what a client gets out of the bytes of a server. Owns its text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reactord {

/// An error's line begins so in plain replies, and no other does.
inline constexpr std::string_view kPlainErrorMark = "(error) ";
/// What stands for nil in plain text.
inline constexpr std::string_view kPlainNil = "(nil)";

struct Reply {
  enum class Kind : std::uint8_t {
    nil,         ///< RESP2's $-1 and *-1, RESP3's _
    boolean,     ///< text is "true" or "false"
    integer,     ///< text is a decimal that fits in signed 64 bits
    big_number,  ///< text is a decimal of any size
    real,        ///< text is a decimal with a point or an exponent, "inf", "-inf" or "nan"
    status,      ///< a simple string
    text,        ///< a bulk or verbatim string: any bytes; a verbatim string's format is dropped
    error,       ///< text is the code and the message
    array,
    set,
    map,   ///< elements are keys and values in turn
    push,  ///< out of band: answers no request
  };

  Kind kind = Kind::nil;
  std::string text;
  std::vector<Reply> elements;

  [[nodiscard]] bool is_aggregate() const { return kind >= Kind::array; }
};

}  // namespace reactord
