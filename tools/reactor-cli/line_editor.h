// SPDX-License-Identifier: MIT
// Reads lines from a terminal with libedit: editing, history, completion. The only file that knows
// libedit.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tools/reactor-cli/command_docs.h"

namespace reactord::cli {

enum class LineResult { line, interrupted, end };

class LineEditor {
 public:
  using Completer = std::function<Completion(std::string_view before_cursor)>;

  /// Loads the history. `completer` is asked on TAB.
  explicit LineEditor(Completer completer);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// Reads a line, without its end. Ctrl-C interrupts, Ctrl-D on an empty line ends.
  [[nodiscard]] LineResult read(const std::string& prompt, std::string& line);
  /// Remembers the line, in the history's file too.
  void remember(const std::string& line);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace reactord::cli
