// SPDX-License-Identifier: MIT
// The rows follow Redis' sdssplitargs and its own tests (sds.c), NUL bytes excepted.
#include "protocol/framing/inline_line.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace reactord {
namespace {

using namespace std::string_literals;

constexpr std::size_t kMany = 100;

struct LineRow {
  std::string line;
  std::vector<std::string_view> words;
};

TEST_CASE("words") {
  const std::string long_word(100, 'x');
  const std::string_view nul("\0", 1);
  const LineRow rows[] = {
      {"", {}},
      {"   \t ", {}},
      {"PING", {"PING"}},
      {"  CEIL   4.40\t", {"CEIL", "4.40"}},
      {"a\tb\rc", {"a", "b", "c"}},
      {"\v\fa\vb", {"a\vb"}},  // \v and \f are blanks between words, but do not end one
      {"\"a b\" c", {"a b", "c"}},
      {"'a b' c", {"a b", "c"}},
      {"\"\" ''", {"", ""}},
      {"foo\"bar\"", {"foobar"}},
      {"foo'bar' x", {"foobar", "x"}},
      {"\"a\"\vb", {"a", "b"}},
      {R"("\n\r\t\b\a\\\"\q")", {"\n\r\t\b\a\\\"q"}},
      {R"("\x41\x4a\xfF")", {"AJ\xff"}},
      {R"("\x00")", {nul}},
      {R"("\xg1\x1")", {"xg1x1"}},
      {R"("\x4")", {"x4"}},
      {R"('\n\x41\'')", {R"(\n\x41')"}},
      {R"("it's" 'a "b"')", {"it's", "a \"b\""}},
      {R"(a\nb \x)", {R"(a\nb)", R"(\x)"}},  // unquoted, a backslash escapes nothing
      {"\"" + long_word + "\" 'y' z", {long_word, "y", "z"}},
  };
  for (const LineRow& row : rows) {
    CAPTURE(row.line);
    std::vector<std::string_view> words;
    std::string decoded;
    const SplitStatus status = split_inline(row.line, kMany, words, decoded);
    CHECK(status == SplitStatus::ok);
    CHECK(words == row.words);
  }
}

TEST_CASE("a NUL byte is an ordinary byte") {
  const std::string line = "a\0b \"c\0d\""s;
  std::vector<std::string_view> words;
  std::string decoded;
  REQUIRE(split_inline(line, kMany, words, decoded) == SplitStatus::ok);
  const std::vector<std::string> expected{"a\0b"s, "c\0d"s};
  CHECK(std::vector<std::string>(words.begin(), words.end()) == expected);
}

TEST_CASE("unbalanced quotes") {
  for (const char* line :
       {"\"", "'", "\"abc", "'abc", "a \"b", "\"a\"b", "'a'b", "\"a\"\"b\"", "foo\"bar\"baz",
        R"("a\")", R"('a\')", R"('\\')", R"(\"x)", R"("a\)", R"('a\)"}) {
    CAPTURE(line);
    std::vector<std::string_view> words;
    std::string decoded;
    CHECK(split_inline(line, kMany, words, decoded) == SplitStatus::unbalanced_quotes);
  }
}

TEST_CASE("too many arguments") {
  std::vector<std::string_view> words;
  std::string decoded;
  CHECK(split_inline("a b c ", 3, words, decoded) == SplitStatus::ok);
  words.clear();
  CHECK(split_inline("a b c d", 3, words, decoded) == SplitStatus::too_many_arguments);
}

TEST_CASE("words are appended; those without quotes lie in the line") {
  const std::string line = "ECHO 'a b'";
  std::vector<std::string_view> words{"first"};
  std::string decoded = "old";
  REQUIRE(split_inline(line, 2, words, decoded) == SplitStatus::ok);
  CHECK(words == std::vector<std::string_view>{"first", "ECHO", "a b"});
  CHECK(words[1].data() == line.data());
  CHECK(decoded == "a b");
}

TEST_CASE("what is decoded is never moved") {
  std::string line;
  for (int i = 0; i < 1000; ++i) line += "'x' ";
  std::vector<std::string_view> words;
  std::string decoded;
  REQUIRE(split_inline(line, 1000, words, decoded) == SplitStatus::ok);
  CHECK(words.front().data() == decoded.data());
  CHECK(words.back().data() == decoded.data() + 999);
}

struct FirstWordRow {
  std::string_view line;
  std::string_view word;
  std::string_view rest;
  bool has_rest;
};

TEST_CASE("the first word and the rest of the line, verbatim") {
  const FirstWordRow rows[] = {
      {"", "", "", false},
      {"  \t", "", "", false},
      {"TEXT", "TEXT", "", false},
      {"  TEXT", "TEXT", "", false},
      {"TEXT ", "TEXT", "", true},
      {"TEXT hello world", "TEXT", "hello world", true},
      {"TEXT  two  spaces ", "TEXT", " two  spaces ", true},
      {"TEXT\ttab", "TEXT", "tab", true},
      {"TEXT \"a\" 'b", "TEXT", "\"a\" 'b", true},
      {"\"TEXT\" a", "", "", false},
      {"'TEXT' a", "", "", false},
      {"TE\"XT\" a", "TE\"XT\"", "a", true},
  };
  for (const FirstWordRow& row : rows) {
    CAPTURE(row.line);
    const FirstWord first = split_first_word(row.line);
    CHECK(first.word == row.word);
    CHECK(first.rest == row.rest);
    CHECK(first.has_rest == row.has_rest);
  }
}

}  // namespace
}  // namespace reactord
