// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/terminal/screen_rows.h"

#include <algorithm>
#include <cwchar>
#include <cwctype>

namespace reactord::cli {
namespace {

// A cursor that draws as libedit does.
class Pen {
 public:
  explicit Pen(std::size_t columns) : columns_(std::max<std::size_t>(columns, 2)) {}

  [[nodiscard]] std::size_t row() const { return row_; }

  void draw(wchar_t c) {
    if (c == L'\n') return next_row();
    if (c == L'\t') return tab();
    advance(width(c));
  }

  /// Moves on where a character that comes next would not fit any more.
  void make_room_for(wchar_t c) {
    if (c != L'\n' && c != L'\t' && column_ + width(c) > columns_) next_row();
  }

 private:
  static std::size_t width(wchar_t c) {
    if (c < 0x100 && std::iswcntrl(static_cast<std::wint_t>(c)) != 0) return 2;      // ^X
    if (std::iswprint(static_cast<std::wint_t>(c)) == 0) return c > 0xffff ? 8 : 7;  // \U+12345
    return static_cast<std::size_t>(std::max(::wcwidth(c), 0));
  }

  void advance(std::size_t cells) {
    // Spelled-out characters are narrow ones in a row; a wide one is kept together.
    if (cells > 2) {
      for (std::size_t i = 0; i < cells; ++i) advance(1);
      return;
    }
    if (column_ + cells > columns_) next_row();
    column_ += cells;
    if (column_ >= columns_) next_row();
  }

  void tab() {
    constexpr std::size_t kStop = 8;
    do advance(1);
    while (column_ % kStop != 0);
  }

  void next_row() {
    column_ = 0;
    ++row_;
  }

  std::size_t columns_;
  std::size_t column_ = 0;
  std::size_t row_ = 0;
};

}  // namespace

std::size_t rows_above_cursor(std::wstring_view prompt, std::wstring_view line, std::size_t cursor,
                              ScreenSize screen) {
  Pen pen(screen.columns);
  for (const wchar_t c : prompt) pen.draw(c);
  for (const wchar_t c : line.substr(0, cursor)) pen.draw(c);
  if (cursor < line.size()) pen.make_room_for(line[cursor]);
  return std::min(pen.row(), std::max<std::size_t>(screen.rows, 1) - 1);
}

}  // namespace reactord::cli
