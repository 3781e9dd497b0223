// SPDX-License-Identifier: MIT
// The parser against tables of bytes, each played whole, in every two-way split and byte by byte.
#include "protocol/frame_parser.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/parse_stream.h"

namespace reactord {
namespace {

using namespace std::string_literals;
using test::AtEnd;
using test::Transcript;

struct Row {
  std::string bytes;
  Transcript expected;
};

constexpr ParserLimits kLimits{};
// Small enough to put every limit at the end of a short row.
constexpr ParserLimits kSmall{.max_frame_bytes = 40, .max_arguments = 3, .max_inline_bytes = 8};

void check_every_cut(const Row& row, Framing framing, const ParserLimits& limits, AtEnd at_end) {
  const std::string_view bytes = row.bytes;
  CAPTURE(escaped(bytes));
  CHECK(test::play(framing, limits, {bytes}, at_end) == row.expected);
  CHECK(test::play(framing, limits, test::one_byte_pieces(bytes), at_end) == row.expected);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    CAPTURE(cut);
    const std::vector pieces{bytes.substr(0, cut), bytes.substr(cut)};
    REQUIRE(test::play(framing, limits, pieces, at_end) == row.expected);
  }
}

void check_table(const std::vector<Row>& table, Framing framing, const ParserLimits& limits,
                 AtEnd at_end = AtEnd::open) {
  for (const Row& row : table) check_every_cut(row, framing, limits, at_end);
}

std::string protocol_error(std::string_view text) {
  return "ERR Protocol error: " + std::string(text);
}
Transcript error(std::string_view text) {
  return {protocol_error(text)};
}

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

std::string array(std::initializer_list<std::string_view> words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words)
    bytes += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
  return bytes;
}

std::string zeros(std::size_t count) {
  return escaped(std::string(count, '\0'));
}

TEST_CASE("frames: arrays that begin as the one before, and nearly so") {
  check_table(
      {
          {array({"ECHO", "a"}) + array({"ECHO", "bcd"}) + array({"ECHO", ""}),
           {"array [ECHO] [a]", "array [ECHO] [bcd]", "array [ECHO] []"}},
          {array({"ECHO", "a"}) + array({"ECHO"}) + array({"ECHO", "a", "b"}) + array({"ECHO"}),
           {"array [ECHO] [a]", "array [ECHO]", "array [ECHO] [a] [b]", "array [ECHO]"}},
          {array({"ECHO"}) + array({"EXHO"}) + array({"ECHX"}) + array({"XCHO"}) + array({"ECH"}),
           {"array [ECHO]", "array [EXHO]", "array [ECHX]", "array [XCHO]", "array [ECH]"}},
          // Heads of 16 and of 17 bytes, and two that differ in the middle alone.
          {array({"CLIENT"}) + array({"CLIENT"}) + array({"CLXENT"}) + array({"COMMAND"}) +
               array({"COMMAND"}) + array({"XOMMAND"}) + array({"COMMAND"}),
           {"array [CLIENT]", "array [CLIENT]", "array [CLXENT]", "array [COMMAND]",
            "array [COMMAND]", "array [XOMMAND]", "array [COMMAND]"}},
          // What stands for an unknown head matches no line.
          {std::string(40, '\0') + "\n" + array({"COMMAND"}) + std::string(40, '\0') + "\n",
           {"line [" + zeros(40) + "]", "array [COMMAND]", "line [" + zeros(40) + "]"}},
          {array({"PING"}) + "PING\r\n" + array({"PING"}) + "*0\r\n" + array({"PING"}),
           {"array [PING]", "line [PING]", "array [PING]", "array [PING]"}},
          {array({"ECHO", "a"}) + "*2\r\n$4\r\nECHO\r\n$1\r\nabc",
           {"array [ECHO] [a]", protocol_error("bulk string not followed by CRLF")}},
          {array({"ECHO", "a"}) + "*2\r\n$4\r\nECHO\r\n:1\r\n",
           {"array [ECHO] [a]", protocol_error("expected '$', got ':'")}},
      },
      Framing::command, kLimits);
}

TEST_CASE("a head keeps its number while it comes again, and no other head has it") {
  FrameParser parser(Framing::command);
  Frame frame;
  const auto number_of = [&](std::string_view bytes) {
    REQUIRE(parser.parse(bytes, kLimits, frame) == ParseStatus::frame);
    return frame.head.number;
  };
  const std::uint64_t first = number_of(array({"ECHO", "a"}));
  CHECK(number_of(array({"ECHO", "b"})) == first);
  const std::uint64_t shorter = number_of(array({"ECHO"}));
  CHECK(shorter != first);
  CHECK(number_of(array({"EXHO"})) != shorter);
  const std::uint64_t again = number_of(array({"ECHO"}));
  CHECK(number_of("ECHO\n") != again);
  CHECK(number_of(array({"ECHO"})) != again);
  // Of those that are not remembered each has its own.
  const std::uint64_t long_name = number_of(array({"COMMAND"}));
  CHECK(number_of(array({"COMMAND"})) != long_name);
}

TEST_CASE("a head that is known is held to the limits of now") {
  FrameParser parser(Framing::command);
  Frame frame;
  const std::string bytes = array({"ECHO", "a"});
  REQUIRE(parser.parse(bytes, kLimits, frame) == ParseStatus::frame);
  SUBCASE("of arguments") {
    CHECK(parser.parse(bytes, {.max_arguments = 1}, frame) == ParseStatus::error);
  }
  SUBCASE("of bytes") {
    CHECK(parser.parse(bytes, {.max_frame_bytes = 20}, frame) == ParseStatus::error);
  }
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

TEST_CASE("errors: counts") {
  const Transcript invalid = error("invalid multibulk length");
  for (const char* number : {"",
                             "x",
                             "1x",
                             "1 ",
                             " 1",
                             "+1",
                             "01",
                             "00",
                             "-0",
                             "-01",
                             "-",
                             "--1",
                             "1.0",
                             "0x1",
                             "1e3",
                             "2147483648",
                             "4294967296",
                             "4294967297",
                             "9223372036854775807",
                             "9223372036854775808",
                             "18446744073709551616",
                             "18446744073709551617",
                             "-9223372036854775809",
                             "100000000000000000000000000"}) {
    check_every_cut({"*" + std::string(number) + "\r\n", invalid}, Framing::command, kLimits,
                    AtEnd::open);
  }
  check_table(
      {
          {"*1\n$4\r\nPING\r\n", invalid},
          {"*1\r\r\n", invalid},
          {"*\0\r\n"s, invalid},
          {"*2147483647\r\n", error("invalid multibulk length, more than max_arguments (1048576)")},
          {"*1048577\r\n", error("invalid multibulk length, more than max_arguments (1048576)")},
          {"*" + std::string(31, '1'), error("too big mbulk count string")},
          {"*" + std::string(30, '1') + "\r\n", error("too big mbulk count string")},
          {"*" + std::string(29, '1') + "\r\n", invalid},
          {"*\0"s + std::string(64, 'A'), error("too big mbulk count string")},
      },
      Framing::command, kLimits);
}

TEST_CASE("errors: bulk lengths") {
  const Transcript invalid = error("invalid bulk length");
  for (const char* number : {"",
                             "x",
                             "4x",
                             "4 ",
                             " 4",
                             "+4",
                             "04",
                             "00",
                             "-1",
                             "-0",
                             "-10",
                             "4.0",
                             "2147483648",
                             "4294967296",
                             "4294967300",
                             "9223372036854775807",
                             "9223372036854775808",
                             "18446744073709551616",
                             "18446744073709551620",
                             "100000000000000000000000000"}) {
    check_every_cut({"*1\r\n$" + std::string(number) + "\r\nPING\r\n", invalid}, Framing::command,
                    kLimits, AtEnd::open);
  }
  const Transcript too_big =
      error("invalid bulk length, the frame would exceed max_frame (16777216 bytes)");
  check_table(
      {
          {"*1\r\n$4\nPING\r\n", invalid},
          {"*1\r\n$2147483647\r\n", too_big},
          {"*1\r\n$536870912\r\n", too_big},
          {"*1\r\n$16777216\r\n", too_big},
          {"*1\r\n$" + std::string(31, '1'), error("too big bulk count string")},
          {"*1\r\n$\0"s + std::string(64, 'A'), error("too big bulk count string")},
          {"*1\r\n$4\r\nPINGx", error("bulk string not followed by CRLF")},
          {"*1\r\n$4\r\nPINGx\n", error("bulk string not followed by CRLF")},
          {"*1\r\n$4\r\nPING\n", error("bulk string not followed by CRLF")},
          {"*1\r\n$4\r\nPING\r\r", error("bulk string not followed by CRLF")},
          {"*1\r\n$3\r\nPING\r\n", error("bulk string not followed by CRLF")},
          {"*1\r\n$0\r\nPING\r\n", error("bulk string not followed by CRLF")},
          {"*1\r\nPING\r\n", error("expected '$', got 'P'")},
          {"*1\r\n\r\n", error("expected '$', got '\\r'")},
          {"*1\r\n\0"s, error("expected '$', got '\\x00'")},
          {"*1\r\n\xff", error("expected '$', got '\\xff'")},
          {"*2\r\n$1\r\na\r\n*1\r\n", error("expected '$', got '*'")},
          {"*1\r\n$1\r\na\r\n*x\r\n", {"array [a]", protocol_error("invalid multibulk length")}},
      },
      Framing::command, kLimits);
}

TEST_CASE("limits are exact and independent of the cuts") {
  const Transcript too_big =
      error("invalid bulk length, the frame would exceed max_frame (40 bytes)");
  check_table(
      {
          // 4 + 5 + 29 + 2 = 40 bytes.
          {"*1\r\n$29\r\n" + std::string(29, 'a') + "\r\n",
           {"array [" + std::string(29, 'a') + "]"}},
          {"*1\r\n$30\r\n" + std::string(30, 'a') + "\r\n", too_big},
          {"*2\r\n$10\r\n0123456789\r\n$12\r\n", {"waits"}},
          {"*2\r\n$10\r\n0123456789\r\n$12\r\n012345678901\r\n",
           {"array [0123456789] [012345678901]"}},
          {"*2\r\n$10\r\n0123456789\r\n$13\r\n", too_big},
          {"*3\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n", {"array [] [] []"}},
          {"*4\r\n", error("invalid multibulk length, more than max_arguments (3)")},
          {"12345678\n", {"line [12345678]"}},
          {"12345678\r\n", {"line [12345678]"}},
          {"12345678\r", {"waits"}},
          {"123456789", error("too big inline request")},
          {"123456789\n", error("too big inline request")},
          {"12345678\r\r\n", error("too big inline request")},
          {"12345678\rx", error("too big inline request")},
          {std::string(100, 'x') + "\nPING\n", error("too big inline request")},
          {"a\n123456789\n", {"line [a]", protocol_error("too big inline request")}},
      },
      Framing::command, kSmall);
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

TEST_CASE("an error is sticky") {
  FrameParser parser(Framing::command);
  Frame frame;
  REQUIRE(parser.parse("*x\r\n", kLimits, frame) == ParseStatus::error);
  CHECK(parser.parse("PING\n", kLimits, frame) == ParseStatus::error);
  CHECK(parser.parse_last("PING\n", kLimits, frame) == ParseStatus::error);
  CHECK(parser.error() == "ERR Protocol error: invalid multibulk length");
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
