// SPDX-License-Identifier: MIT
#include "protocol/buffers/buffer_pool.h"

#include <algorithm>

namespace reactord {

Buffer BufferPool::take(std::size_t least, std::size_t wish) {
  if (Buffer* kept = find(least, wish); kept != nullptr) {
    bytes_ -= kept->capacity();
    return std::exchange(*kept, Buffer());
  }
  Buffer fresh;
  (void)fresh.prepare(least);
  return fresh;
}

Buffer* BufferPool::find(std::size_t least, std::size_t wish) {
  Buffer* best = nullptr;
  for (Buffer& buffer : buffers_) {
    const std::size_t capacity = buffer.capacity();
    if (capacity < least || capacity / kMaxExcess > wish) continue;
    const bool is_better =
        best == nullptr ||
        (best->capacity() < wish ? capacity > best->capacity()
                                 : capacity >= wish && capacity < best->capacity());
    if (is_better) best = &buffer;
  }
  return best;
}

void BufferPool::give(Buffer& buffer) noexcept {
  buffer.clear();
  const std::size_t capacity = buffer.capacity();
  Buffer& smallest = *std::min_element(
      buffers_.begin(), buffers_.end(),
      [](const Buffer& a, const Buffer& b) { return a.capacity() < b.capacity(); });
  // An empty place is the smallest of all. The larger one is worth more: it cost more, and it fits
  // more wishes.
  const bool is_worth_more = capacity > smallest.capacity();
  const std::size_t bytes_after = bytes_ - smallest.capacity() + capacity;
  if (capacity < kMinKeptBytes || !is_worth_more || bytes_after > max_bytes_)
    return buffer.release();
  bytes_ = bytes_after;
  was_used_ = true;
  smallest = std::move(buffer);
}

void BufferPool::set_max_bytes(std::size_t max_bytes) noexcept {
  max_bytes_ = max_bytes;
  if (bytes_ > max_bytes_) clear();
}

void BufferPool::clear() noexcept {
  for (Buffer& buffer : buffers_) buffer.release();
  bytes_ = 0;
}

}  // namespace reactord
