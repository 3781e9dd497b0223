// SPDX-License-Identifier: MIT
#include "protocol/buffer_reserve.h"

#include <doctest/doctest.h>

using namespace reactord;

namespace {

constexpr std::size_t kKiB = 1024;

Buffer buffer_of(std::size_t capacity) {
  Buffer buffer;
  (void)buffer.prepare(capacity);
  buffer.append("old");
  return buffer;
}

void give(BufferReserve& reserve, std::size_t capacity) {
  Buffer buffer = buffer_of(capacity);
  reserve.give(buffer);
  CHECK(buffer.capacity() == 0);
}

}  // namespace

TEST_CASE("buffer reserve: what is given back is taken again, empty") {
  BufferReserve reserve(1024 * kKiB);
  give(reserve, 100 * kKiB);
  CHECK(reserve.bytes() == 100 * kKiB);
  const Buffer taken = reserve.take(70 * kKiB, 70 * kKiB);
  CHECK(taken.empty());
  CHECK(taken.capacity() == 100 * kKiB);
  CHECK(reserve.bytes() == 0);
}

TEST_CASE("buffer reserve: the smallest that fulfils the wish, else the largest that will do") {
  BufferReserve reserve(4096 * kKiB);
  for (const std::size_t size : {400u, 100u, 300u, 200u}) give(reserve, size * kKiB);
  CHECK(reserve.take(10 * kKiB, 250 * kKiB).capacity() == 300 * kKiB);
  CHECK(reserve.take(10 * kKiB, 900 * kKiB).capacity() == 400 * kKiB);
  CHECK(reserve.take(150 * kKiB, 900 * kKiB).capacity() == 200 * kKiB);
  // The last one is too small: a new buffer, of what is needed at least.
  CHECK(reserve.take(150 * kKiB, 900 * kKiB).capacity() == 150 * kKiB);
  CHECK(reserve.bytes() == 100 * kKiB);
}

TEST_CASE("buffer reserve: a short request does not get a long one's buffer") {
  BufferReserve reserve(16u << 20);
  give(reserve, 8192 * kKiB);
  CHECK(reserve.take(64 * kKiB, 64 * kKiB).capacity() == 64 * kKiB);
  CHECK(reserve.bytes() == 8192 * kKiB);
  CHECK(reserve.take(64 * kKiB, 8192 * kKiB / BufferReserve::kMaxExcess).capacity() == 8192 * kKiB);
}

TEST_CASE("buffer reserve: it is bounded, and small buffers are not kept") {
  BufferReserve reserve(1000 * kKiB);
  give(reserve, 32 * kKiB);
  CHECK(reserve.bytes() == 0);
  give(reserve, 600 * kKiB);
  give(reserve, 600 * kKiB);
  CHECK(reserve.bytes() == 600 * kKiB);
  give(reserve, 400 * kKiB);
  CHECK(reserve.bytes() == 1000 * kKiB);
  reserve.set_max_bytes(1000 * kKiB);
  CHECK(reserve.bytes() == 1000 * kKiB);
  reserve.set_max_bytes(500 * kKiB);
  CHECK(reserve.bytes() == 0);
}

TEST_CASE("buffer reserve: tells whether it was of use") {
  BufferReserve reserve(1000 * kKiB);
  CHECK(reserve.take_use() == 0);
  give(reserve, 100 * kKiB);
  CHECK(reserve.take_use() == 100 * kKiB);
  CHECK(reserve.take_use() == 0);
  Buffer taken = reserve.take(64 * kKiB, 64 * kKiB);
  reserve.give(taken);
  CHECK(reserve.take_use() == 100 * kKiB);
  reserve.clear();
  CHECK(reserve.bytes() == 0);
}

TEST_CASE("buffer reserve: no more buffers than it has places for") {
  BufferReserve reserve(1u << 30);
  for (std::size_t i = 0; i < BufferReserve::kMaxBuffers + 3; ++i) give(reserve, 64 * kKiB);
  CHECK(reserve.bytes() == BufferReserve::kMaxBuffers * 64 * kKiB);
  give(reserve, 1024 * kKiB);  // worth more than one of those
  CHECK(reserve.bytes() == (BufferReserve::kMaxBuffers - 1) * 64 * kKiB + 1024 * kKiB);
  CHECK(reserve.take(64 * kKiB, 900 * kKiB).capacity() == 1024 * kKiB);
}
