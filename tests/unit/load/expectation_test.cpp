// SPDX-License-Identifier: MIT
// Right and wrong replies, for each kind of expectation; and what is said of them.
#include "tools/reactor-load/check/expectation.h"

#include <doctest/doctest.h>

#include <string>

namespace reactord::load {
namespace {

Expectation expecting(std::string_view text) {
  Expectation out;
  REQUIRE_EQ(parse_expectation(text, out), "");
  return out;
}

/// Whether that reply, in RESP, is right for a request with that last word.
bool allows(std::string_view expectation, std::string_view bytes, std::string_view argument = "") {
  ReplyScanner scanner;
  ReplyView reply;
  REQUIRE(scanner.scan(bytes, reply) == ScanStatus::reply);
  std::string scratch;
  return expecting(expectation).allows(reply, argument, true, scratch);
}

TEST_CASE("any reply, and errors") {
  CHECK(allows("any", "+OK\r\n"));
  CHECK(allows("any", "*1\r\n:1\r\n"));
  CHECK_FALSE(allows("any", "-ERR x\r\n"));
  CHECK(allows("anything", "-ERR x\r\n"));
  CHECK(allows("error", "-ERR x\r\n"));
  CHECK_FALSE(allows("error", "+ERR x\r\n"));
  CHECK(allows("error:ERR unknown*", "-ERR unknown command\r\n"));
  CHECK(allows("error:ERR unknown*", "!11\r\nERR unknown\r\n"));
  CHECK_FALSE(allows("error:ERR unknown*", "-NOAUTH\r\n"));
}

TEST_CASE("exact texts and patterns") {
  CHECK(allows("exact:PONG", "+PONG\r\n"));
  CHECK(allows("exact:PONG", "$4\r\nPONG\r\n"));
  CHECK_FALSE(allows("exact:PONG", "+PONGS\r\n"));
  CHECK_FALSE(allows("exact:ERR x", "-ERR x\r\n"));
  CHECK(allows("like:*memory:*", "$9\r\nmemory:12\r\n"));
  CHECK_FALSE(allows("like:memory:?", "$9\r\nmemory:12\r\n"));
}

TEST_CASE("an echo is a string of the same bytes") {
  CHECK(allows("echo", "$2\r\n\r\n\r\n", "\r\n"));
  CHECK_FALSE(allows("echo", "$2\r\nab\r\n", "aB"));
  CHECK_FALSE(allows("echo", "$1\r\na\r\n", "ab"));
  CHECK_FALSE(allows("echo", "+ab\r\n", "ab"));
}

TEST_CASE("a ceiling is an integer, computed here") {
  CHECK(allows("ceil", ":5\r\n", "4.40"));
  CHECK_FALSE(allows("ceil", ":4\r\n", "4.40"));
  CHECK_FALSE(allows("ceil", "$1\r\n5\r\n", "4.40"));
  CHECK_FALSE(allows("ceil", "-ERR\r\n", "4.40"));
  CHECK(allows("ceil", ":9223372036854775807\r\n", "9223372036854775806.5"));
  CHECK(allows("ceil", "$19\r\n9223372036854775808\r\n", "9223372036854775807.5"));
  CHECK(allows("ceil", "(9223372036854775808\r\n", "9223372036854775807.5"));
  CHECK_FALSE(allows("ceil", ":9223372036854775808\r\n", "9223372036854775807.5"));
}

TEST_CASE("what should have come is said in words") {
  CHECK_EQ(expecting("ceil").describe("4.40"), "the integer 5");
  CHECK_EQ(expecting("echo").describe("a\n"), "'a\\n', the 2 bytes that were sent");
  CHECK_EQ(expecting("exact:PONG").describe(""), "'PONG'");
  CHECK_EQ(expecting("error:ERR *").describe(""), "an error like 'ERR *'");
}

TEST_CASE("commands that are known need no expectation") {
  using Kind = Expectation::Kind;
  CHECK(usual_expectation("PING", 1) == Expectation{Kind::exact, "PONG"});
  CHECK(usual_expectation("PING", 2).kind == Kind::echo);
  CHECK(usual_expectation("CEIL", 2).kind == Kind::ceil);
  CHECK(usual_expectation("INFO", 1).kind == Kind::any);
}

TEST_CASE("what is written wrongly is explained") {
  Expectation out;
  CHECK_EQ(parse_expectation("ecko", out),
           "expected echo, ceil, any, anything, none, error, exact:TEXT, like:PATTERN or "
           "error:PATTERN, found 'ecko'; did you mean 'echo'?");
  CHECK(parse_expectation("exakt:5", out).ends_with("did you mean 'exact:'?"));
}

TEST_CASE("patterns: * is any bytes, ? is one") {
  CHECK(matches_pattern("", "*"));
  CHECK(matches_pattern("abc", "a*c"));
  CHECK(matches_pattern("abcbc", "a*bc"));
  CHECK(matches_pattern("abc", "???"));
  CHECK(matches_pattern("abc", "**a**"));
  CHECK_FALSE(matches_pattern("abc", "??"));
  CHECK_FALSE(matches_pattern("abc", ""));
  CHECK_FALSE(matches_pattern("ab", "a*b?"));
  // Time is bounded by the product, whatever the number of stars.
  const std::string text(10'000, 'a');
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  CHECK_FALSE(matches_pattern(text, pattern + "b"));
}

}  // namespace
}  // namespace reactord::load
