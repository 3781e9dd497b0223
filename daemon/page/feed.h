// SPDX-License-Identifier: MIT
// A body that is sent piece by piece, as it comes about. Whoever sends it asks for the next piece
// when the last one is taken, and again when it hears that there is news.
#pragma once

#include <memory>
#include <string>

namespace reactord {

class Feed {
 public:
  Feed() = default;
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;
  virtual ~Feed() = default;

  struct Piece {
    std::shared_ptr<const std::string> text = {};  ///< not empty; null: nothing for now
    bool is_end = false;                           ///< nothing will come any more
  };
  /// Throws std::bad_alloc.
  [[nodiscard]] virtual Piece next() = 0;
};

}  // namespace reactord
