// SPDX-License-Identifier: MIT
// Where the prompt's history is kept, and what is kept out of it; whether the files that it reads
// at start can be read without waiting.
#pragma once

#include <string>
#include <string_view>

namespace reactord::cli {

struct HistoryFile {
  std::string path;     ///< empty: none is kept
  std::string problem;  ///< why, where that is not plain
};

/// $XDG_STATE_HOME/reactor-cli/history, or below ~/.local/state; creates the folders and the file,
/// for the owner alone. None when there is no place for it, or the file is unfit to be read.
[[nodiscard]] HistoryFile history_file();

/// The line editor's configuration, $EDITRC or ~/.editrc; empty where there is no home.
[[nodiscard]] std::string editrc_file();

/// A regular file of some size: a FIFO or a device would keep the prompt waiting, and reading a
/// large file would, too. Opens nothing that waits.
[[nodiscard]] bool is_fit_to_read(const std::string& path);

/// True for requests that carry a password.
[[nodiscard]] bool is_secret(std::string_view line);

}  // namespace reactord::cli
