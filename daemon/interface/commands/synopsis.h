// SPDX-License-Identifier: MIT
// Reads a command's synopsis, which is written for people, into the tree of arguments that COMMAND
// DOCS shows, so that each command says what it takes once.
//
//   real                    an argument
//   [message]               one that may be left out; brackets hold one or several
//   section ...             one or more of it
//   ON|OFF                  one of several words
//   <LIB-NAME name|LIB-VER version>   one of several, of which one at least has more than one word
//   SETNAME clientname      upper case is typed as it stands: a token, of the argument behind it
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reactord {

struct SynopsisArgument {
  /// Redis' types of arguments, as far as they are needed.
  enum class Type : std::uint8_t {
    string,
    pure_token,  ///< `token` stands by itself
    one_of,      ///< one of `parts`
    block,       ///< all of `parts`, in order
  };

  std::string name;  ///< of a one_of or block: those of its parts, joined
  Type type = Type::string;
  std::string token;  ///< typed in front of it; empty for none
  bool optional = false;
  bool multiple = false;
  std::vector<SynopsisArgument> parts;
};

/// Of one that synopsis_problem() finds nothing wrong with.
[[nodiscard]] std::vector<SynopsisArgument> parse_synopsis(std::string_view synopsis);

/// What is wrong with it, or "": "'[' is never closed".
[[nodiscard]] std::string_view synopsis_problem(std::string_view synopsis);

/// "string", "pure-token", "oneof", "block": as COMMAND DOCS names them.
[[nodiscard]] std::string_view to_string(SynopsisArgument::Type type);

}  // namespace reactord
