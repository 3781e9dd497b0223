// SPDX-License-Identifier: MIT
#include "protocol/buffers/buffer.h"

#include <algorithm>
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
  if (used + bytes <= capacity_ && used <= begin_) {
    std::memmove(data_.get(), data_.get() + begin_, used);
  } else {
    const std::size_t doubled = std::min<std::size_t>(std::size_t{capacity_} * 2, kMaxBytes);
    const std::size_t capacity = std::max({used + bytes, doubled, kMinCapacityBytes});
    auto data = std::make_unique_for_overwrite<char[]>(capacity);
    if (used > 0) std::memcpy(data.get(), data_.get() + begin_, used);
    data_ = std::move(data);
    capacity_ = static_cast<std::uint32_t>(capacity);
  }
  begin_ = 0;
  end_ = static_cast<std::uint32_t>(used);
}

}  // namespace reactord
