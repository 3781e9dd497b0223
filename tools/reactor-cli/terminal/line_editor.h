// SPDX-License-Identifier: MIT
// Reads lines from a terminal with libedit: editing, history, completion; beside something else
// that goes on, whose text appears above the line being typed (line_display.h). Nothing but these
// two knows libedit.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tools/reactor-cli/completion/command_docs.h"
#include "tools/reactor-cli/net/connection.h"

namespace reactord::cli {

enum class LineResult {
  line,
  interrupted,  ///< Ctrl-C
  end,          ///< Ctrl-D on an empty line, or no terminal any more
  left,         ///< the background wants no line any more
};

/// What goes on while a line is typed. May call LineEditor::show(); may throw, out of read().
class Background {
 public:
  struct Watched {
    int socket = -1;        ///< negative: none
    bool writable = false;  ///< wait for room to write, too
    Deadline deadline;
  };

  virtual ~Background() = default;
  /// The prompt for what is typed so far. Asked before each wait; for an empty line, not before
  /// what was typed or pasted ahead of it is taken: only a prompt that can be seen is asked for.
  [[nodiscard]] virtual std::string prompt(std::string_view typed) = 0;
  /// What to wait for besides keys. Asked before each wait.
  [[nodiscard]] virtual Watched watched() = 0;
  /// The socket is ready, or with no readiness the deadline has passed. False: leave the line.
  [[nodiscard]] virtual bool on_ready(Readiness ready) = 0;
};

class LineEditor {
 public:
  using Completer = std::function<Completion(std::string_view before_cursor)>;

  /// Loads the history from this file; without a name it is kept in memory alone. `completer` is
  /// asked on TAB.
  LineEditor(Completer completer, std::string history_path);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// Reads a line, without its end, beside `background`. Ctrl-C interrupts, Ctrl-D on an empty line
  /// ends. What `line` holds is put in the line for editing. Needs catch_terminal_signals().
  [[nodiscard]] LineResult read(Background& background, std::string& line);

  /// Shows whole lines: above the line being typed, which stays as it is, or at once when none is.
  void show(std::string_view lines);
  /// Remembers the line, in the history's file too.
  void remember(const std::string& line);

 private:
  struct State;

  [[nodiscard]] LineResult read_line(std::string& line);
  std::unique_ptr<State> state_;
};

}  // namespace reactord::cli
