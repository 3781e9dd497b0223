// SPDX-License-Identifier: MIT
// The line being typed as it stands on the screen, with its prompt, below what is shown meanwhile.
// Draws it anew where one of these changes, or the terminal does. Knows libedit's line, but no
// keys.
//
//   cursor to the prompt's first row -> erase to the screen's end -> the text -> EL_REFRESH, which
//   draws prompt and line anew, wherever the cursor is
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tools/reactor-cli/terminal/screen_rows.h"

struct editline;  // histedit.h

namespace reactord::cli {

class LineDisplay {
 public:
  /// Bracketed paste (xterm's ctlseqs, mode 2004): what is pasted comes between two sequences, so
  /// that its lines are no requests that run one by one. Terminals that do not know it ignore it.
  static void take_pastes_whole(bool on);

  void belong_to(::editline* edit) { edit_ = edit; }

  /// As libedit asks for it.
  [[nodiscard]] char* prompt() { return prompt_.data(); }
  /// Of a line that is not yet on the screen.
  void set_prompt(std::string prompt) { prompt_ = std::move(prompt); }
  [[nodiscard]] std::wstring_view typed() const;

  void put_in_line(const std::string& text);
  /// To be shown above the line by the next update(), close() or write_above().
  void add_above(std::string_view lines) { above_ += lines; }
  /// Draws what is new: text above the line, or another prompt.
  void update(std::string prompt);
  void on_resize();
  void on_continue();
  /// Takes prompt and line off the screen.
  void close();
  /// Where no line is on the screen.
  void write_above();

 private:
  void redraw();
  void erase(std::size_t rows) const;
  [[nodiscard]] std::size_t rows_above() const;
  [[nodiscard]] ScreenSize screen() const;

  ::editline* edit_ = nullptr;
  std::string prompt_;
  std::string above_;
};

}  // namespace reactord::cli
