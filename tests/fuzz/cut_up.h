// SPDX-License-Identifier: MIT
// Cuts a stream as the input of a fuzz target chooses: the answer must not depend on it.
#pragma once

#include <string_view>
#include <vector>

namespace reactord::test {

/// Pieces whose sizes follow from `choice`, each from 1 to 16 bytes.
inline std::vector<std::string_view> cut_up(std::string_view bytes, unsigned choice) {
  std::vector<std::string_view> pieces;
  while (!bytes.empty()) {
    choice = (choice * 73 + 41) % 256;
    pieces.push_back(bytes.substr(0, 1 + choice / 16));
    bytes.remove_prefix(pieces.back().size());
  }
  return pieces;
}

}  // namespace reactord::test
