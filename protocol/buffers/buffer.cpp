// SPDX-License-Identifier: MIT
#include "protocol/buffers/buffer.h"

#include <algorithm>
#include <new>
#include <stdexcept>

namespace reactord {
namespace {

// A first allocation smaller than this saves nothing: malloc rounds up anyway.
constexpr std::size_t kMinCapacityBytes = 64;

}  // namespace

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  data_ = std::move(other.data_);
  begin_ = std::exchange(other.begin_, 0);
  end_ = std::exchange(other.end_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

void Buffer::release() {
  data_.reset();
  begin_ = end_ = capacity_ = 0;
}

void Buffer::grow(std::size_t bytes) {
  const std::size_t used = size();
  if (bytes > kMaxBytes - used) throw std::length_error("Buffer: more than 2 GiB");
  // Moving to the front is worth it only while it moves no more than was consumed; else a long
  // content that is consumed in small steps would be moved again and again.
  const bool is_room_in_front = used + bytes <= capacity_ && used <= begin_;
  if (begin_ > 0) move_to_front();
  if (is_room_in_front) return;
  const std::size_t doubled = std::min<std::size_t>(std::size_t{capacity_} * 2, kMaxBytes);
  resize(std::max({used + bytes, doubled, kMinCapacityBytes}));
}

void Buffer::shrink() noexcept {
  if (empty()) return release();
  try {
    resize(end_);
  } catch (const std::bad_alloc&) {  // it keeps what it has
  }
}

void Buffer::resize(std::size_t capacity) {
  char* const resized = resize_block(data_.get(), capacity);
  (void)data_.release();  // it is part of the resized one
  data_.reset(resized);
  capacity_ = static_cast<std::uint32_t>(capacity);
}

void Buffer::move_to_front() noexcept {
  const std::uint32_t used = end_ - begin_;
  std::memmove(data_.get(), data_.get() + begin_, used);
  begin_ = 0;
  end_ = used;
}

}  // namespace reactord
