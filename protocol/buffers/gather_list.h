// SPDX-License-Identifier: MIT
// Long pieces of replies that are sent from where they lie in the input, instead of being copied
// behind the bytes of a Buffer: an echo of 1 MiB is then moved by the kernel alone. Owns nothing.
// Lives as long as a batch: whoever lends the input must send, or copy, before it moves.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace reactord {

/// Whether `bytes` are a piece of `whole`, and not just alike.
[[nodiscard]] bool lies_within(std::string_view bytes, std::string_view whole);

class GatherList {
 public:
  /// Below this a copy costs less than another piece of a gathered send.
  static constexpr std::size_t kMinPieceBytes = 16u << 10;
  /// More than a connection's share of a turn holds (Connection, kMaxOutputBytesPerTurn); what is
  /// beyond is copied.
  static constexpr std::size_t kMaxPieces = 8;
  /// Between, before and behind the pieces stand bytes of the Buffer.
  static constexpr std::size_t kMaxParts = 2 * kMaxPieces + 1;

  /// The input that may be borrowed from until the pieces are cleared; empty for none.
  void lend(std::string_view input) { lent_ = input; }
  /// Takes note that `bytes` stand behind the first `at` bytes of the Buffer. False where they must
  /// be copied: they are short, or do not lie in what was lent.
  [[nodiscard]] bool borrow(std::size_t at, std::string_view bytes) {
    return bytes.size() >= kMinPieceBytes && borrow_long(at, bytes);
  }
  /// The Buffer is cut off behind its first `at` bytes.
  void truncate(std::size_t at);
  void clear() {
    count_ = bytes_ = 0;
    lent_ = {};
  }

  [[nodiscard]] bool empty() const { return count_ == 0; }
  /// Of all pieces together.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// `buffer` and the pieces in order. Valid until the next call that is not const.
  [[nodiscard]] std::span<std::string_view> parts(std::string_view buffer);

 private:
  struct Piece {
    std::size_t at = 0;
    std::string_view bytes;
  };
  [[nodiscard]] bool borrow_long(std::size_t at, std::string_view bytes);

  std::string_view lent_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  std::array<Piece, kMaxPieces> pieces_;
  std::array<std::string_view, kMaxParts> parts_;
};

}  // namespace reactord
