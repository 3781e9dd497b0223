// SPDX-License-Identifier: MIT
#include "protocol/buffers/buffer_pool.h"

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

void give(BufferPool& pool, std::size_t capacity) {
  Buffer buffer = buffer_of(capacity);
  pool.give(buffer);
  CHECK(buffer.capacity() == 0);
}

}  // namespace

TEST_CASE("buffer pool: what is given back is taken again, empty") {
  BufferPool pool(1024 * kKiB);
  give(pool, 100 * kKiB);
  CHECK(pool.bytes() == 100 * kKiB);
  const Buffer taken = pool.take(70 * kKiB, 70 * kKiB);
  CHECK(taken.empty());
  CHECK(taken.capacity() == 100 * kKiB);
  CHECK(pool.bytes() == 0);
}

TEST_CASE("buffer pool: the smallest that fulfils the wish, else the largest that will do") {
  BufferPool pool(4096 * kKiB);
  for (const std::size_t size : {400u, 100u, 300u, 200u}) give(pool, size * kKiB);
  CHECK(pool.take(10 * kKiB, 250 * kKiB).capacity() == 300 * kKiB);
  CHECK(pool.take(10 * kKiB, 900 * kKiB).capacity() == 400 * kKiB);
  CHECK(pool.take(150 * kKiB, 900 * kKiB).capacity() == 200 * kKiB);
  // The last one is too small: a new buffer, of what is needed at least.
  CHECK(pool.take(150 * kKiB, 900 * kKiB).capacity() == 150 * kKiB);
  CHECK(pool.bytes() == 100 * kKiB);
}

TEST_CASE("buffer pool: a short request does not get a long one's buffer") {
  BufferPool pool(16u << 20);
  give(pool, 8192 * kKiB);
  CHECK(pool.take(64 * kKiB, 64 * kKiB).capacity() == 64 * kKiB);
  CHECK(pool.bytes() == 8192 * kKiB);
  CHECK(pool.take(64 * kKiB, 8192 * kKiB / BufferPool::kMaxExcess).capacity() == 8192 * kKiB);
}

TEST_CASE("buffer pool: it is bounded, and small buffers are not kept") {
  BufferPool pool(1000 * kKiB);
  give(pool, 32 * kKiB);
  CHECK(pool.bytes() == 0);
  give(pool, 600 * kKiB);
  give(pool, 600 * kKiB);
  CHECK(pool.bytes() == 600 * kKiB);
  give(pool, 400 * kKiB);
  CHECK(pool.bytes() == 1000 * kKiB);
  pool.set_max_bytes(1000 * kKiB);
  CHECK(pool.bytes() == 1000 * kKiB);
  pool.set_max_bytes(500 * kKiB);
  CHECK(pool.bytes() == 0);
}

TEST_CASE(
    "buffer pool: thirty large requests at a time find theirs again, however many more come") {
  BufferPool pool(100'000 * kKiB);
  for (int n = 0; n < 100; ++n) give(pool, 64 * kKiB);
  CHECK(pool.bytes() >= 30 * 64 * kKiB);
  CHECK(pool.bytes() < 100 * 64 * kKiB);
}

TEST_CASE("buffer pool: tells whether it was of use") {
  BufferPool pool(1000 * kKiB);
  CHECK(pool.take_use() == 0);
  give(pool, 100 * kKiB);
  CHECK(pool.take_use() == 100 * kKiB);
  CHECK(pool.take_use() == 0);
  Buffer taken = pool.take(64 * kKiB, 64 * kKiB);
  pool.give(taken);
  CHECK(pool.take_use() == 100 * kKiB);
  pool.clear();
  CHECK(pool.bytes() == 0);
}

TEST_CASE("buffer pool: no more buffers than it has places for") {
  BufferPool pool(1u << 30);
  for (std::size_t i = 0; i < BufferPool::kMaxBuffers + 3; ++i) give(pool, 64 * kKiB);
  CHECK(pool.bytes() == BufferPool::kMaxBuffers * 64 * kKiB);
  give(pool, 1024 * kKiB);  // worth more than one of those
  CHECK(pool.bytes() == (BufferPool::kMaxBuffers - 1) * 64 * kKiB + 1024 * kKiB);
  CHECK(pool.take(64 * kKiB, 900 * kKiB).capacity() == 1024 * kKiB);
}
