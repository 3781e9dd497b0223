// SPDX-License-Identifier: MIT
// What is seen while a run goes on: a view that is redrawn on a terminal, a line a second in a
// pipe.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "tools/reactor-load/run/load_run.h"

namespace reactord::load {

enum class Show : std::uint8_t { nothing, lines, view };

/// What bars are drawn of.
enum class Glyphs : std::uint8_t { blocks, ascii };

struct Style {
  bool color = false;
  Glyphs glyphs = Glyphs::blocks;
};

class Screen {
 public:
  /// `width` of the terminal in columns.
  Screen(Show show, Style style, std::size_t width, std::string headline);

  /// The terminal may become another one while the run goes on.
  void set_width(std::size_t columns);
  /// What to write now, if anything.
  [[nodiscard]] std::string update(const Watched& watched);
  /// What to write at the end: the view is taken away, so that the result stands alone.
  [[nodiscard]] std::string finish();

 private:
  [[nodiscard]] std::string draw(const Watched& watched) const;
  [[nodiscard]] std::string line(const Watched& watched) const;
  [[nodiscard]] std::string bar(const Watched& watched) const;
  void gather(const Watched& watched);

  Show show_;
  Style style_;
  std::size_t width_ = 0;
  std::string headline_;
  std::size_t drawn_lines_ = 0;
  double next_ = 0;  ///< seconds; when something is written again
  Moment gathered_;  ///< since something was written
  std::deque<double> rates_;
  std::deque<double> slowest_;
};

/// Eight heights of a bar, a value each; the greatest is the highest.
[[nodiscard]] std::string sparkline(const std::deque<double>& values,
                                    Glyphs glyphs = Glyphs::blocks);

}  // namespace reactord::load
