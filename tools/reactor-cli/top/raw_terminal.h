// SPDX-License-Identifier: MIT
// A terminal as a whole screen: keys come one by one, unseen, and what was there before comes back
// at the end. Knows nothing of what is shown.
#pragma once

#include <termios.h>

#include <string>
#include <vector>

#include "tools/reactor-cli/output/output.h"
#include "tools/reactor-cli/terminal/screen_rows.h"

namespace reactord::cli {

class RawTerminal {
 public:
  /// Of standard input and output. Throws Failure where they are no terminal.
  explicit RawTerminal(Output& output);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  /// Whoever stopped the program may have changed the modes.
  void take_again();
  [[nodiscard]] static ScreenSize size();
  /// As many lines as there are rows.
  void draw(const std::vector<std::string>& lines);

 private:
  Output& output_;
  termios before_{};
};

}  // namespace reactord::cli
