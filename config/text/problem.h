// SPDX-License-Identifier: MIT
// What is wrong with a configuration, and where. Knows no TOML.
#pragma once

#include <compare>
#include <string>

namespace reactord {

/// A place in a text: both count from 1, columns in characters (code points).
struct TextPosition {
  int line = 0;
  int column = 0;
  auto operator<=>(const TextPosition&) const = default;
};

struct ConfigProblem {
  int line = 0;  ///< 1-based; 0 when the problem has no place in the file
  int column = 0;
  std::string message;
};

}  // namespace reactord
