// SPDX-License-Identifier: MIT
// What to write instead, for the mistakes that people make in TOML's own form: a text without its
// quotes, a comment of another language, [table] for [[table]]. Looks at the line where a parser
// has stopped; knows no parser, and of our keys [[listener]] alone.
#pragma once

#include <string>
#include <string_view>

#include "config/text/toml_text.h"

namespace reactord {

struct TomlAdvice {
  TextPosition at;
  std::string message;  ///< empty: nothing better is known than what the parser says
};

/// `stopped_at` is where the parser has stopped.
[[nodiscard]] TomlAdvice advise_on_toml(std::string_view toml, TextPosition stopped_at);

}  // namespace reactord
