// SPDX-License-Identifier: MIT
#include "protocol/buffers/buffer.h"

#include <doctest/doctest.h>

#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/unit/support/failing_allocations.h"

namespace reactord {
namespace {

TEST_CASE("a new buffer is empty and owns no memory") {
  const Buffer buffer;
  CHECK(buffer.empty());
  CHECK(buffer.size() == 0);
  CHECK(buffer.capacity() == 0);
  CHECK(buffer.view().empty());
}

TEST_CASE("appending nothing allocates nothing") {
  Buffer buffer;
  buffer.append("");
  CHECK(buffer.capacity() == 0);
}

TEST_CASE("bytes come out as they went in") {
  Buffer buffer;
  buffer.append("hello ");
  buffer.append('w');
  buffer.append("orld");
  CHECK(buffer.view() == "hello world");
  buffer.consume(6);
  CHECK(buffer.view() == "world");
  buffer.truncate(3);
  CHECK(buffer.view() == "wor");
  buffer.append("k");
  CHECK(buffer.view() == "work");
}

TEST_CASE("only what is committed is content") {
  Buffer buffer;
  const auto room = buffer.prepare(10);
  REQUIRE(room.size() >= 10);
  room[0] = 'a';
  room[1] = 'b';
  CHECK(buffer.empty());
  buffer.commit(1);
  CHECK(buffer.view() == "a");
}

TEST_CASE("clearing keeps the memory, releasing gives it back") {
  Buffer buffer;
  buffer.append("abc");
  const std::size_t capacity = buffer.capacity();
  buffer.clear();
  CHECK(buffer.empty());
  CHECK(buffer.capacity() == capacity);
  buffer.append("abc");
  buffer.release();
  CHECK(buffer.empty());
  CHECK(buffer.capacity() == 0);
  buffer.append("again");
  CHECK(buffer.view() == "again");
}

TEST_CASE("growing keeps what was not consumed, and a failure leaves it alone") {
  test::let_allocations_fail_here();
  Buffer buffer;
  buffer.append(std::string(100'000, 'x') + "kept");
  buffer.consume(100'000);
  test::fail_allocation(1, test::Failing::one);
  CHECK_THROWS_AS((void)buffer.prepare(1 << 20), std::bad_alloc);
  CHECK(test::stop_failing());
  CHECK(buffer.view() == "kept");
  buffer.append(std::string(1 << 20, 'y'));
  CHECK(buffer.view() == "kept" + std::string(1 << 20, 'y'));
}

TEST_CASE("bytes are put in front where others were consumed; what is behind can be given back") {
  Buffer buffer;
  buffer.append("0123456789" + std::string(100'000, 'x'));
  buffer.consume(8);
  buffer.truncate(3);
  buffer.prepend("");
  buffer.prepend("front ");
  CHECK(buffer.view() == "front 89x");
  buffer.shrink();
  CHECK(buffer.view() == "front 89x");
  CHECK(buffer.capacity() < 100);
  buffer.append("y");
  CHECK(buffer.view() == "front 89xy");
  buffer.clear();
  buffer.shrink();
  CHECK(buffer.capacity() == 0);
}

TEST_CASE("consuming everything makes the whole room usable again") {
  Buffer buffer;
  buffer.append(std::string(100, 'x'));
  const std::size_t capacity = buffer.capacity();
  buffer.consume(100);
  CHECK(buffer.prepare(capacity).size() == capacity);
  CHECK(buffer.capacity() == capacity);
}

TEST_CASE("a queue that never grows long never grows large") {
  Buffer buffer;
  for (int i = 0; i < 10000; ++i) {
    buffer.append("0123456789");
    if (i > 0) buffer.consume(10);
  }
  CHECK(buffer.view() == "0123456789");
  CHECK(buffer.capacity() <= 128);
}

TEST_CASE("growth keeps the content and is geometric") {
  Buffer buffer;
  std::string expected;
  int growths = 0;
  for (int i = 0; i < 100000; ++i) {
    const std::size_t before = buffer.capacity();
    buffer.append(static_cast<char>('a' + i % 26));
    expected.push_back(static_cast<char>('a' + i % 26));
    growths += buffer.capacity() != before ? 1 : 0;
  }
  CHECK(buffer.view() == expected);
  CHECK(growths <= 12);
}

TEST_CASE("a long content is not moved again and again to win a byte") {
  Buffer buffer;
  buffer.append(std::string(1000, 'x'));
  const std::size_t capacity = buffer.capacity();
  buffer.append(std::string(capacity - buffer.size(), 'y'));
  buffer.consume(1);
  buffer.append('z');
  CHECK(buffer.capacity() >= 2 * capacity);
  CHECK(buffer.size() == capacity);
}

TEST_CASE("moving leaves an empty buffer behind") {
  Buffer from;
  from.append("abcdef");
  from.consume(1);
  Buffer to(std::move(from));
  CHECK(to.view() == "bcdef");
  CHECK(from.empty());  // NOLINT(bugprone-use-after-move): what a moved-from Buffer is, is promised
  CHECK(from.capacity() == 0);
  from.append("new");
  to = std::move(from);
  CHECK(to.view() == "new");
  CHECK(from.capacity() == 0);
}

TEST_CASE("more than the most is refused and changes nothing") {
  Buffer buffer;
  buffer.append("abc");
  CHECK_THROWS_AS((void)buffer.prepare(Buffer::kMaxBytes), std::length_error);
  CHECK_THROWS_AS((void)buffer.prepare(~std::size_t{0}), std::length_error);
  CHECK(buffer.view() == "abc");
}

}  // namespace
}  // namespace reactord
