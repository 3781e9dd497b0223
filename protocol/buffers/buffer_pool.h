// SPDX-License-Identifier: MIT
// Large buffers that were given back lately, for whoever needs one next. Fresh memory costs a page
// fault for each 4 KiB, several times as much as filling it; this is what makes a 1 MiB request as
// cheap as its bytes. Bounded, and only for large ones: malloc does well with the others.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "protocol/buffers/buffer.h"

namespace reactord {

class BufferPool {
 public:
  /// Smaller buffers are not worth keeping: they fit into the scratch space.
  static constexpr std::size_t kMinKeptBytes = 64u << 10;
  /// As many large requests as may be on their way at once; few enough to be looked through.
  static constexpr std::size_t kMaxBuffers = 32;

  /// Nobody gets more than this many times what it wishes: it counts as held by whoever has it, and
  /// memory is to follow the bytes received.
  static constexpr std::size_t kMaxExcess = 4;

  /// All of it together holds at most this much.
  explicit BufferPool(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// An empty buffer with room for `least` bytes: the smallest of those kept that has room for
  /// `wish`, else the largest that has room for `least`, else a new one. Throws as Buffer::prepare.
  [[nodiscard]] Buffer take(std::size_t least, std::size_t wish);

  /// Empties `buffer` and keeps its memory, perhaps in place of a smaller one, or frees it.
  void give(Buffer& buffer) noexcept;

  /// Frees what is kept if it is more than the new limit.
  void set_max_bytes(std::size_t max_bytes) noexcept;
  void clear() noexcept;

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// What it keeps, if it was of use since the last call; else 0.
  [[nodiscard]] std::size_t take_use() { return std::exchange(was_used_, false) ? bytes_ : 0; }

 private:
  [[nodiscard]] Buffer* find(std::size_t least, std::size_t wish);

  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  bool was_used_ = false;
  std::array<Buffer, kMaxBuffers> buffers_;  ///< a place without a buffer holds no memory
};

}  // namespace reactord
