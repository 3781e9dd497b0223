// SPDX-License-Identifier: MIT
// What the reply to a request must be: exact, a pattern, or computed from the request. Decides of
// one reply at a time; knows no connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/reactor-load/check/reply_scanner.h"

namespace reactord::load {

struct Expectation {
  enum class Kind : std::uint8_t {
    any,       ///< any reply but an error
    anything,  ///< any reply
    none,      ///< no reply comes
    exact,     ///< this text, whatever its type, but not an error
    like,      ///< a text that matches the pattern
    error,     ///< an error that matches the pattern
    echo,      ///< the request's last word, byte for byte
    ceil,      ///< the ceiling of the request's last word
  };
  Kind kind = Kind::any;
  std::string text;  ///< of exact; the pattern of like and error: * is any bytes, ? is any byte

  bool operator==(const Expectation&) const = default;

  /// Whether `reply` to a request with that last word is right. `typed` is false on a wire that has
  /// no types: lines and raw bytes. `scratch` is reused.
  [[nodiscard]] bool allows(const ReplyView& reply, std::string_view argument, bool typed,
                            std::string& scratch) const;
  /// For people: what should have come.
  [[nodiscard]] std::string describe(std::string_view argument) const;
  /// The bytes that must come where nothing else tells where a reply ends; false if they are not
  /// known.
  [[nodiscard]] bool expected_text(std::string_view argument, std::string& out) const;
};

/// Reads "echo", "ceil", "any", "anything", "none", "error", "exact:TEXT", "like:PATTERN" or
/// "error:PATTERN". Returns the problem, or "" after filling `out`.
[[nodiscard]] std::string parse_expectation(std::string_view text, Expectation& out);

/// What a request is expected to answer when nobody says: by its label (see RequestTemplate) and
/// its number of words. Any reply but an error where the command is not known.
[[nodiscard]] Expectation usual_expectation(std::string_view label, std::size_t words);

/// Whether `text` matches: * is any number of bytes, ? is one, all else is itself.
[[nodiscard]] bool matches_pattern(std::string_view text, std::string_view pattern);

}  // namespace reactord::load
