// SPDX-License-Identifier: MIT
// What is no frame, and what exceeds a limit.
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

TEST_CASE("an error is sticky") {
  FrameParser parser(Framing::command);
  Frame frame;
  REQUIRE(parser.parse("*x\r\n", kLimits, frame) == ParseStatus::error);
  CHECK(parser.parse("PING\n", kLimits, frame) == ParseStatus::error);
  CHECK(parser.parse_last("PING\n", kLimits, frame) == ParseStatus::error);
  CHECK(parser.error() == "ERR Protocol error: invalid multibulk length");
}

}  // namespace
}  // namespace reactord
