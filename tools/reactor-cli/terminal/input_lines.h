// SPDX-License-Identifier: MIT
// Standard input, cut into lines without their ends. Never blocks where its descriptor is ready.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "protocol/buffers/buffer.h"

namespace reactord::cli {

class InputLines {
 public:
  [[nodiscard]] bool ended() const { return ended_; }

  /// Whether a line is complete, or the last one.
  [[nodiscard]] bool has_line();
  /// That line. Valid until the next call.
  [[nodiscard]] std::optional<std::string_view> next();
  /// Reads once; call when input is ready. Throws Failure.
  void read();

 private:
  Buffer buffer_;
  std::size_t taken_ = 0;     ///< of the buffer, by the line that was last returned
  std::size_t searched_ = 0;  ///< of the buffer, up to a line's end or without finding one
  bool ended_ = false;
};

}  // namespace reactord::cli
