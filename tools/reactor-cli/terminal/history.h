// SPDX-License-Identifier: MIT
// Where the prompt's history is kept, and what is kept out of it.
#pragma once

#include <string>
#include <string_view>

namespace reactord::cli {

/// $XDG_STATE_HOME/reactor-cli/history, or below ~/.local/state; creates the folders, for the owner
/// alone. Empty when there is no place for it.
[[nodiscard]] std::string history_file();

/// True for requests that carry a password.
[[nodiscard]] bool is_secret(std::string_view line);

}  // namespace reactord::cli
