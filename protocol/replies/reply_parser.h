// SPDX-License-Identifier: MIT
// Reads replies out of a byte stream into trees of values. How they are built, and what is none, is
// the scanner's (reply_scanner.h); memory follows the bytes received, never those announced.
// Knows no socket and no clock.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/replies/reply.h"
#include "protocol/replies/reply_limits.h"
#include "protocol/replies/reply_scanner.h"

namespace reactord {

class ReplyParser final : private ReplySink {
 public:
  explicit ReplyParser(const ReplyLimits& limits = {}) : scanner_(limits) {}

  /// Reads on, to the end of one reply at most, which take() then gives; sets `consumed` to the
  /// bytes used. The input need not be kept, and the answer does not depend on how it is cut.
  /// `error` is sticky.
  [[nodiscard]] ReplyStatus parse(std::string_view input, std::size_t& consumed) {
    return scanner_.scan(input, consumed, this);
  }

  /// The reply that parse() has just completed. Attributes in front of it are dropped.
  [[nodiscard]] Reply take() { return std::move(reply_); }

  /// As the scanner's.
  [[nodiscard]] bool is_lost_at_end() { return scanner_.is_lost_at_end(); }
  [[nodiscard]] bool between_replies() const { return scanner_.between_replies(); }
  [[nodiscard]] const std::string& error() const { return scanner_.error(); }

 private:
  /// An aggregate that is not complete yet.
  struct Level {
    Reply value;
    bool attribute = false;  ///< dropped when it is complete
  };

  void on_scalar(char type, std::string_view text) override;
  void on_string_bytes(std::string_view piece) override { text_.append(piece); }
  void on_string_end(char type) override;
  void on_open(char type) override;
  void on_close() override;
  void add(Reply&& value);

  ReplyScanner scanner_;
  std::string text_;  ///< of a string that is not whole yet
  std::vector<Level> levels_;
  Reply reply_;
};

}  // namespace reactord
