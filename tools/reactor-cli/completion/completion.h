// SPDX-License-Identifier: MIT
// Completes a word out of a few. Knows no terminal.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tools/reactor-cli/completion/command_docs.h"

namespace reactord::cli {

/// Inserts what all words that begin with `prefix` go on with, and a blank behind the only one; or
/// else lists them.
[[nodiscard]] Completion complete_word(std::string_view prefix, std::span<const std::string> words);

}  // namespace reactord::cli
