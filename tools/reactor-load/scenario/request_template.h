// SPDX-License-Identifier: MIT
// The words of a request, with generators in braces: "ECHO {text:16}". Knows how they are read and
// filled in, not how they are sent.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tools/reactor-load/scenario/generators.h"

namespace reactord::load {

/// One word: constants and generators in turn.
struct WordTemplate {
  std::vector<std::variant<std::string, Generator>> pieces;

  [[nodiscard]] bool is_constant() const;
  void append(std::string& out, GeneratorState& state) const;
};

struct RequestTemplate {
  std::vector<WordTemplate> words;

  /// The first word, if it is constant, in upper case: what reports call the request.
  [[nodiscard]] std::string label() const;
};

/// Reads one word. "{{" is a brace. Files of generators are relative to `folder`; `places` counts
/// the {next} of a client's script. Returns the problem, or "" after filling `out`.
[[nodiscard]] std::string parse_word(std::string_view text, const std::string& folder,
                                     std::size_t& places, WordTemplate& out);

/// Reads a request: one text is split into words by the rules of an inline line (quotes, escapes);
/// several texts are a word each, as they are.
[[nodiscard]] std::string parse_request(std::span<const std::string> texts,
                                        const std::string& folder, std::size_t& places,
                                        RequestTemplate& out);

}  // namespace reactord::load
