// SPDX-License-Identifier: MIT
// Arrays that begin as the one before, which are not read from their start again.
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

}  // namespace
}  // namespace reactord
