// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/terminal/line_display.h"

#include <histedit.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "tools/reactor-cli/terminal/wide_text.h"

namespace reactord::cli {
namespace {

bool moves_cursor() {
  const char* terminal = std::getenv("TERM");
  return terminal != nullptr && *terminal != '\0' && std::strcmp(terminal, "dumb") != 0;
}

}  // namespace

void LineDisplay::take_pastes_whole(bool on) {
  if (!moves_cursor()) return;
  std::fputs(on ? "\x1b[?2004h" : "\x1b[?2004l", stdout);
  std::fflush(stdout);
}

std::wstring_view LineDisplay::typed() const {
  const LineInfoW* line = ::el_wline(edit_);
  return {line->buffer, static_cast<std::size_t>(line->lastchar - line->buffer)};
}

void LineDisplay::put_in_line(const std::string& text) {
  erase(rows_above());
  ::el_winsertstr(edit_, widen(text).c_str());
  ::el_wset(edit_, EL_REFRESH);
}

void LineDisplay::update(std::string prompt) {
  if (above_.empty() && prompt == prompt_) return;
  erase(rows_above());
  prompt_ = std::move(prompt);
  redraw();
}

// Terminals differ in whether they wrap the line anew. Erasing too little leaves a row of an old
// prompt behind, erasing too much a message that nobody has read yet.
void LineDisplay::on_resize() {
  const std::size_t rows_before = rows_above();
  ::el_resize(edit_);
  erase(std::min(rows_before, rows_above()));
  redraw();
}

// libedit believes that the terminal is as it left it.
void LineDisplay::on_continue() {
  ::el_wset(edit_, EL_PREP_TERM, 0);
  ::el_wset(edit_, EL_PREP_TERM, 1);
  std::fputs("\r", stdout);
  take_pastes_whole(true);
  redraw();
}

void LineDisplay::close() {
  erase(rows_above());
  write_above();
}

void LineDisplay::redraw() {
  write_above();
  ::el_wset(edit_, EL_REFRESH);
}

ScreenSize LineDisplay::screen() const {
  const auto number = [this](const char* name) {
    int value = 0;
    ::el_get(edit_, EL_GETTC, name, &value);
    return static_cast<std::size_t>(std::max(value, 1));
  };
  return {number("co"), number("li")};
}

std::size_t LineDisplay::rows_above() const {
  const LineInfoW* line = ::el_wline(edit_);
  const auto cursor = static_cast<std::size_t>(line->cursor - line->buffer);
  return rows_above_cursor(widen(prompt_), typed(), cursor, screen());
}

// Leaves the cursor where the prompt began. ECMA-48: CUU, ED.
void LineDisplay::erase(std::size_t rows) const {
  if (!moves_cursor()) {
    std::fputc('\n', stdout);
    return;
  }
  std::fputc('\r', stdout);
  if (rows > 0) std::fprintf(stdout, "\x1b[%zuA", rows);
  std::fputs("\x1b[J", stdout);
}

void LineDisplay::write_above() {
  std::fwrite(above_.data(), 1, above_.size(), stdout);
  std::fflush(stdout);
  above_.clear();
}

}  // namespace reactord::cli
