// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/output/render.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "protocol/replies/reply_parser.h"

namespace {

using namespace reactord;
using namespace reactord::cli;
using namespace std::string_view_literals;

Reply reply_of(std::string_view bytes) {
  ReplyParser parser;
  std::size_t consumed = 0;
  REQUIRE(parser.parse(bytes, consumed) == ReplyStatus::reply);
  return parser.take();
}

std::string rendered(std::string_view bytes, const Style& style) {
  std::string out;
  render(reply_of(bytes), style, out);
  return out;
}

std::string plain(std::string_view bytes) {
  return rendered(bytes, {});
}
std::string on_terminal(std::string_view bytes) {
  return rendered(bytes, {.terminal = true});
}

std::string json(std::string_view bytes, bool ascii_only = false) {
  std::string out;
  render_json(reply_of(bytes), ascii_only, out);
  return out;
}

TEST_CASE("scalars are bare") {
  for (const bool terminal : {false, true}) {
    const Style style{.terminal = terminal};
    CHECK(rendered(":5\r\n", style) == "5\n");
    CHECK(rendered("+OK\r\n", style) == "OK\n");
    CHECK(rendered("$5\r\nhello\r\n", style) == "hello\n");
    CHECK(rendered("$-1\r\n", style) == "(nil)\n");
    CHECK(rendered("#t\r\n", style) == "true\n");
    CHECK(rendered("(123\r\n", style) == "123\n");
    CHECK(rendered("$0\r\n\r\n", style) == "\n");
  }
}

TEST_CASE("a pipe gets the bytes as they are") {
  CHECK(plain("$7\r\n\x1b[2J\0\n\\\r\n"sv) == "\x1b[2J\0\n\\\n"sv);
}

TEST_CASE("a terminal gets neither escapes nor controls") {
  CHECK(on_terminal("$6\r\n\x1b[2J\0\\\r\n"sv) == "\\x1b[2J\\x00\\\\\n"sv);
  CHECK(on_terminal("$4\r\n\xc2\x9b\xff!\r\n").find('\x9b') == std::string::npos);
  CHECK(on_terminal("+a\x1b]0;x\a\r\n").find('\x1b') == std::string::npos);
  CHECK(on_terminal("*1\r\n-ERR \x1b[2J\r\n").find('\x1b') == std::string::npos);
  CHECK(on_terminal("%1\r\n$1\r\n\x1b\r\n:1\r\n").find('\x1b') == std::string::npos);
  CHECK(on_terminal("%1\r\n*1\r\n$1\r\n\x1b\r\n:1\r\n").find('\x1b') == std::string::npos);
}

TEST_CASE("the lines of a text are lines when it is the whole reply") {
  CHECK(on_terminal("$8\r\na\r\nb\n\x1b\r\r\r\n") == "a\nb\n\\x1b\\r\\r\n");
  CHECK(on_terminal("*1\r\n$3\r\na\nb\r\n") == "1) a\\nb\n");
  CHECK(on_terminal("$6\r\na\r\nb\r\n\r\n") == "a\nb\n");
  CHECK(plain("$2\r\na\n\r\n") == "a\n\n");
}

TEST_CASE("lists are flat in a pipe, numbered and aligned on a terminal") {
  constexpr std::string_view kNested = "*3\r\n+a\r\n*2\r\n+b\r\n$-1\r\n*0\r\n";
  CHECK(plain(kNested) == "a\nb\n(nil)\n");
  CHECK(on_terminal(kNested) == "1) a\n2) 1) b\n   2) (nil)\n3) (empty list)\n");
  std::string ten = "*10\r\n";
  for (int i = 0; i < 10; ++i) ten += ":0\r\n";
  CHECK(on_terminal(ten).starts_with(" 1) 0\n 2) 0\n"));
  CHECK(on_terminal(ten).ends_with("10) 0\n"));
}

TEST_CASE("maps are keys and values, aligned on a terminal") {
  constexpr std::string_view kMap = "%3\r\n+a\r\n:1\r\n+long\r\n+x\r\n+list\r\n*2\r\n:1\r\n:2\r\n";
  CHECK(plain(kMap) == "a: 1\nlong: x\nlist:\n1\n2\n");
  CHECK(on_terminal(kMap) == "a:    1\nlong: x\nlist:\n  1) 1\n  2) 2\n");
  CHECK(on_terminal("%0\r\n") == "(empty map)\n");
}

TEST_CASE("colours are sequences of our own around escaped text") {
  const Style style{.terminal = true, .color = true};
  CHECK(rendered("*1\r\n-ERR x\r\n", style) == "\x1b[2m1) \x1b[0m\x1b[31m(error) ERR x\x1b[0m\n");
}

TEST_CASE("a line server's backslashes are not doubled") {
  const Style style{.terminal = true, .lines = true};
  CHECK(rendered("+a\\n\x1b\r\n", style) == "a\\n \n");
}

TEST_CASE("deep and wide replies are not mostly blanks") {
  std::string bytes;
  for (int i = 0; i < 60; ++i) bytes += "*1\r\n";
  bytes += "*1000\r\n";
  for (int i = 0; i < 1000; ++i) bytes += "_\r\n";
  CHECK(on_terminal(bytes).size() < 60 * 1000);
}

TEST_CASE("JSON has one value for each type") {
  CHECK(json(":5\r\n") == "5\n");
  CHECK(json(":-0042\r\n") == "-42\n");
  CHECK(json("$5\r\nh\"\n\x01!\r\n") == "\"h\\\"\\n\\u0001!\"\n");
  CHECK(json("$-1\r\n") == "null\n");
  CHECK(json("#f\r\n") == "false\n");
  CHECK(json(",1.5\r\n") == "1.5\n");
  CHECK(json(",inf\r\n") == "\"inf\"\n");
  CHECK(json("(18446744073709551616\r\n") == "\"18446744073709551616\"\n");
  CHECK(json("-ERR x\r\n") == "{\"error\":\"ERR x\"}\n");
  CHECK(json("*2\r\n:1\r\n-E\r\n") == "[1,{\"error\":\"E\"}]\n");
  CHECK(json("~0\r\n") == "[]\n");
  CHECK(json(">1\r\n+a\r\n") == "{\"push\":[\"a\"]}\n");
  CHECK(json("%2\r\n+b\r\n:1\r\n:2\r\n%0\r\n") == "{\"b\":1,\"2\":{}}\n");
}

TEST_CASE("JSON shows bytes that are no UTF-8 as base64, and such keys as pairs") {
  CHECK(json("$1\r\n\xff\r\n") == "{\"base64\":\"/w==\"}\n");
  CHECK(json("$2\r\n\xff\xfe\r\n") == "{\"base64\":\"//4=\"}\n");
  CHECK(json("$3\r\n\xff\xfe\xfd\r\n") == "{\"base64\":\"//79\"}\n");
  CHECK(json("%1\r\n$1\r\n\xff\r\n:1\r\n") == "[[{\"base64\":\"/w==\"},1]]\n");
  CHECK(json("%1\r\n*0\r\n:1\r\n") == "[[[],1]]\n");
}

TEST_CASE("JSON for a terminal is ASCII") {
  CHECK(json("$2\r\n\xc2\x9b\r\n", true) == "\"\\u009b\"\n");
  CHECK(json("$2\r\n\xc3\xa9\r\n", false) == "\"\xc3\xa9\"\n");
}

TEST_CASE("nested maps with odd keys take linear time in JSON") {
  std::string bytes;
  for (int i = 0; i < 60; ++i) bytes += "%2\r\n+a\r\n:1\r\n*0\r\n";
  bytes += ":1\r\n";
  CHECK(json(bytes).size() < 60 * 20);
}

}  // namespace
