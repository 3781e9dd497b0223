// SPDX-License-Identifier: MIT
// A contiguous queue of bytes: written at its end, consumed from its front.
// Owns its memory and nothing else. Used for the loop's scratch space and for what a connection
// must keep between turns. An empty, released Buffer owns no memory at all: idle connections rely
// on it.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "protocol/buffers/block.h"

namespace reactord {

class Buffer {
 public:
  /// The most that one Buffer holds. Offsets are 32 bits wide to keep an idle connection small; the
  /// configuration keeps every limit well below this (config/schema.cpp).
  static constexpr std::size_t kMaxBytes = 0x7fff'ffff;

  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : data_(std::move(other.data_)),
        begin_(std::exchange(other.begin_, 0)),
        end_(std::exchange(other.end_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept;

  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  /// Bytes of memory held, used or not.
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  /// Bytes that can be written behind the end without a move or a new allocation.
  [[nodiscard]] std::size_t room() const { return capacity_ - end_; }
  /// The unconsumed bytes. Valid until the next call that is not const.
  [[nodiscard]] std::string_view view() const { return {data_.get() + begin_, size()}; }

  /// `bytes` must not lie in this Buffer: appending may move its content.
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(prepare(bytes.size()).data(), bytes.data(), bytes.size());
    commit(bytes.size());
  }
  void append(char byte) {
    prepare(1)[0] = byte;
    commit(1);
  }

  /// Writable room for at least `bytes` behind the end, uninitialised. Make it part of the content
  /// with commit(). May move the content; grows geometrically. Throws std::length_error beyond
  /// kMaxBytes and std::bad_alloc when memory is out; the content is then as it was.
  [[nodiscard]] std::span<char> prepare(std::size_t bytes) {
    if (capacity_ - end_ < bytes) grow(bytes);
    return {data_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t bytes) {
    assert(bytes <= capacity_ - end_);
    end_ += static_cast<std::uint32_t>(bytes);
  }

  /// Drops `bytes` from the front, or everything behind the first `bytes`. Both keep the memory.
  void consume(std::size_t bytes) {
    assert(bytes <= size());
    begin_ += static_cast<std::uint32_t>(bytes);
    if (begin_ == end_) clear();
  }
  void truncate(std::size_t bytes) {
    assert(bytes <= size());
    end_ = begin_ + static_cast<std::uint32_t>(bytes);
  }
  void clear() { begin_ = end_ = 0; }
  /// Puts `bytes` in front, where as many or more were consumed since the content was last moved.
  void prepend(std::string_view bytes) {
    if (bytes.empty()) return;
    assert(bytes.size() <= begin_);
    begin_ -= static_cast<std::uint32_t>(bytes.size());
    std::memcpy(data_.get() + begin_, bytes.data(), bytes.size());
  }
  /// Gives back the memory behind the content, as far as malloc can.
  void shrink() noexcept;
  /// Drops the content and frees the memory.
  void release();

 private:
  void grow(std::size_t bytes);
  void move_to_front() noexcept;
  void resize(std::size_t capacity);

  Block data_;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace reactord
