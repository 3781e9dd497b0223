// SPDX-License-Identifier: MIT
// Frames of each framing, the end of input, and what the parser reads and keeps.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "protocol/framing/frame_parser.h"
#include "tests/unit/support/frame_tables.h"

namespace reactord {
namespace {

using namespace std::string_literals;
using namespace test;

TEST_CASE("frames: whole arrays and lines") {
  check_table(
      {
          {"*1\r\n$4\r\nPING\r\n", {"array [PING]"}},
          {"*2\r\n$4\r\nCEIL\r\n$4\r\n4.40\r\n", {"array [CEIL] [4.40]"}},
          {"*2\r\n$4\r\nTEXT\r\n$0\r\n\r\n", {"array [TEXT] []"}},
          {"*1\r\n$2\r\n\r\n\r\n", {"array [\\r\\n]"}},
          {"*1\r\n$3\r\na\0b\r\n"s, {"array [a\\x00b]"}},
          {"*1\r\n$10\r\n0123456789\r\n", {"array [0123456789]"}},
          {"*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\nPING\r\n", {"array [a]", "array [b]", "line [PING]"}},
          {"PING\n", {"line [PING]"}},
          {"PING\r\n", {"line [PING]"}},
          {"a\r\r\n", {"line [a\\r]"}},
          {"a\rb\n", {"line [a\\rb]"}},
          {"a\0b\n\0\n"s, {"line [a\\x00b]", "line [\\x00]"}},
          {"  two  blanks \n", {"line [  two  blanks ]"}},
          {"$4\r\nPING\r\n", {"line [$4]", "line [PING]"}},
          {"CEIL 1\n*1\r\n$4\r\nPING\r\nCEIL 2\r\n",
           {"line [CEIL 1]", "array [PING]", "line [CEIL 2]"}},
      },
      Framing::command, kLimits);
}

TEST_CASE("frames: around the counts and lengths that are taken in another way") {
  for (const std::size_t count : {1u, 9u, 10u, 11u, 100u})
    for (const std::size_t length : {0u, 9u, 10u, 99u, 100u, 101u}) {
      if (count * length > 1200) continue;
      const std::string word(length, 'w');
      Row row{"*" + std::to_string(count) + "\r\n", {"array"}};
      for (std::size_t i = 0; i < count; ++i) {
        row.bytes += "$" + std::to_string(length) + "\r\n" + word + "\r\n";
        row.expected.front() += " [" + word + "]";
      }
      const ParserLimits exact{.max_frame_bytes = row.bytes.size(), .max_arguments = count};
      check_every_cut(row, Framing::command, exact, AtEnd::open);
      const ParserLimits less{.max_frame_bytes = row.bytes.size() - 1};
      check_every_cut({row.bytes, error("invalid bulk length, the frame would exceed max_frame (" +
                                        std::to_string(less.max_frame_bytes) + " bytes)")},
                      Framing::command, less, AtEnd::open);
      row.bytes.back() = 'x';
      check_every_cut({row.bytes, error("bulk string not followed by CRLF")}, Framing::command,
                      exact, AtEnd::open);
    }
}

TEST_CASE("frames: what is ignored") {
  check_table(
      {
          {"\n", {}},
          {"\r\n\n\r\n", {}},
          {"*0\r\n", {}},
          {"*-1\r\n", {}},
          {"*-9223372036854775808\r\n", {}},
          {"*0\r\n*-10\r\n\r\nPING\n", {"line [PING]"}},
      },
      Framing::command, kLimits);
}

TEST_CASE("frames: what is incomplete waits") {
  check_table(
      {
          {"P", {"waits"}},
          {"PING\r", {"waits"}},
          {"*", {"waits"}},
          {"*1", {"waits"}},
          {"*1\r\n", {"waits"}},
          {"*1\r\n$4\r\nPING", {"waits"}},
          {"*1\r\n$4\r\nPING\r", {"waits"}},
          {"*2\r\n$4\r\nPING\r\n", {"waits"}},
          {"*1\r\n$1\r\na\r\n*1\r\n", {"array [a]", "waits"}},
          {"*1000000\r\n$16777000\r\n", {"waits"}},
      },
      Framing::command, kLimits);
}

TEST_CASE("end of input") {
  check_table(
      {
          {"4.40", {"line [4.40]"}},
          {"4.40\n", {"line [4.40]"}},
          {"a\nb", {"line [a]", "line [b]"}},
          {"a\r", {"line [a]"}},
          {"\r", {}},
          {"a\r\r", {"line [a\\r]"}},
          {"*", error("end of input inside an array")},
          {"*1\r\n$4\r\nPING\r", error("end of input inside an array")},
          {"*1\r\n$4\r\nPINGx", error("bulk string not followed by CRLF")},
          {"*1\r\n$1\r\na\r\n*1", {"array [a]", protocol_error("end of input inside an array")}},
      },
      Framing::command, kLimits, AtEnd::end_of_input);
  check_table({{"12345678", {"line [12345678]"}},
               {"12345678\r", {"line [12345678]"}},
               {"123456789", error("too big inline request")}},
              Framing::command, kSmall, AtEnd::end_of_input);
}

TEST_CASE("line framing: every byte but the line end is content") {
  check_table(
      {
          {"4.40\n", {"line [4.40]"}},
          {"*1\r\n$4\r\nPING\r\n", {"line [*1]", "line [$4]", "line [PING]"}},
          {"\n\r\n \n", {"line [ ]"}},
          {"*", {"waits"}},
      },
      Framing::line, kLimits);
  check_table({{"*1", {"line [*1]"}}}, Framing::line, kLimits, AtEnd::end_of_input);
  check_table({{"123456789\n", error("too big inline request")}}, Framing::line, kSmall);
}

TEST_CASE("raw framing: what is there is a chunk, up to the frame limit") {
  CHECK(test::play(Framing::raw, kLimits, {"4.40"}, AtEnd::open) == Transcript{"chunk [4.40]"});
  CHECK(test::play(Framing::raw, kLimits, {"4.", "40\n"}, AtEnd::end_of_input) ==
        Transcript{"chunk [4.]", "chunk [40\\n]"});
  const std::string bytes(50, 'x');
  CHECK(test::play(Framing::raw, kSmall, {bytes}, AtEnd::open) ==
        Transcript{"chunk [" + std::string(40, 'x') + "]", "chunk [" + std::string(10, 'x') + "]"});
}

TEST_CASE("a frame says what it took and where its arguments lie") {
  const std::string_view input = "*1\r\n$4\r\nPING\r\n*1\r\n";
  FrameParser parser(Framing::command);
  Frame frame;
  REQUIRE(parser.parse(input, kLimits, frame) == ParseStatus::frame);
  CHECK(frame.kind == FrameKind::array);
  CHECK(frame.bytes == 14);
  REQUIRE(frame.arguments.size() == 1);
  CHECK(frame.arguments[0].data() == input.data() + 8);
}

TEST_CASE("bytes_missing follows what was announced") {
  struct Hint {
    std::string_view input;
    std::size_t missing;
  };
  for (const Hint& hint : std::initializer_list<Hint>{
           {"PI", 1},
           {"*", 1},
           {"*1\r\n", 6},
           {"*3\r\n", 18},
           {"*1\r\n$1", 4},
           {"*1\r\n$1000000\r\n", 1000002},
           {"*2\r\n$10\r\n01234", 5 + 2 + 6},
           {"*1\r\n$4\r\nPING\r", 1},
           {"*1\r\n$100000", 1},
       }) {
    CAPTURE(hint.input);
    FrameParser parser(Framing::command);
    Frame frame;
    REQUIRE(parser.parse(hint.input, kLimits, frame) == ParseStatus::need_more);
    CHECK(parser.bytes_missing(hint.input.size()) == hint.missing);
  }
}

TEST_CASE("nothing is allocated for what is only announced") {
  FrameParser parser(Framing::command);
  Frame frame;
  CHECK(parser.parse("*1048576\r\n$16000000\r\n", kLimits, frame) == ParseStatus::need_more);
  CHECK(frame.many.capacity() == 0);
}

// Work cannot be timed here, but it can be caught: bytes that were passed are spoiled behind the
// parser's back, which must not notice because it must not look at them again.
TEST_CASE("validated bytes are not visited again") {
  FrameParser parser(Framing::command);
  Frame frame;
  SUBCASE("of a line") {
    std::string input(1000, 'x');
    REQUIRE(parser.parse(input, kLimits, frame) == ParseStatus::need_more);
    input.assign(1000, '\n');
    input += "yz\n";
    REQUIRE(parser.parse(input, kLimits, frame) == ParseStatus::frame);
    CHECK(frame.bytes == 1003);
  }
  SUBCASE("of an array") {
    const std::string first = "*3\r\n$4\r\nPING\r\n$5\r\nab";
    const std::string rest = "cde\r\n$1\r\nx\r\n";
    REQUIRE(parser.parse(first, kLimits, frame) == ParseStatus::need_more);
    const std::string spoiled = "*" + std::string(first.size() - 1, '!');
    const std::string all_but_last = rest.substr(0, rest.size() - 1);
    REQUIRE(parser.parse(spoiled + all_but_last, kLimits, frame) == ParseStatus::need_more);
    CHECK(frame.many.empty());
    const std::string whole = first + rest;
    REQUIRE(parser.parse(whole, kLimits, frame) == ParseStatus::frame);
    REQUIRE(frame.arguments.size() == 3);
    CHECK(frame.arguments[0] == "PING");
    CHECK(frame.arguments[1] == "abcde");
    CHECK(frame.arguments[2] == "x");
  }
}

TEST_CASE("20,000 arguments, in one piece and in two") {
  std::string bytes = "*20000\r\n";
  for (int i = 0; i < 20000; ++i) bytes += "$1\r\na\r\n";
  FrameParser parser(Framing::command);
  Frame frame;
  REQUIRE(parser.parse(bytes, kLimits, frame) == ParseStatus::frame);
  CHECK(frame.arguments.size() == 20000);
  const std::string_view half = std::string_view(bytes).substr(0, bytes.size() / 2);
  REQUIRE(parser.parse(half, kLimits, frame) == ParseStatus::need_more);
  REQUIRE(parser.parse(bytes, kLimits, frame) == ParseStatus::frame);
  CHECK(frame.arguments.size() == 20000);
  CHECK(frame.bytes == bytes.size());
}

}  // namespace
}  // namespace reactord
