// SPDX-License-Identifier: MIT
// The server's figures as lines of a table: a column for each that it tells. Knows no connection.
#pragma once

#include <string>
#include <vector>

#include "tools/reactor-cli/figures/figures.h"

namespace reactord::cli {

struct StatColumn;

class StatTable {
 public:
  /// Of the columns, those whose figures `first` has.
  explicit StatTable(const Figures& first);

  /// The columns' titles, with a line end.
  [[nodiscard]] std::string head() const;
  /// A line of what is now, and of what came since `before`, which was `seconds` ago (0: nothing
  /// was before).
  [[nodiscard]] std::string line(const Figures& now, const Figures& before, double seconds) const;
  /// The same as one line of JSON; names as the titles, in the units of INFO.
  [[nodiscard]] std::string json(const Figures& now, const Figures& before, double seconds) const;

 private:
  std::vector<const StatColumn*> columns_;
};

}  // namespace reactord::cli
