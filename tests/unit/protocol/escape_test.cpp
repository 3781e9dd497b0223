// SPDX-License-Identifier: MIT
#include "protocol/escape.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace reactord {
namespace {

using namespace std::string_literals;

struct EscapedRow {
  std::string bytes;
  std::string shown;
};

std::string error_text(std::string_view text) {
  Buffer out;
  append_error_text(out, text);
  return std::string(out.view());
}

TEST_CASE("printable text stays as it is") {
  for (const char* text : {"", "hello", " ~!\"'", "Grüße", "日本語", "😀", "\u00a0", "\ud7ff",
                           "\ue000", "\ufffd", "\U0010fffd", "👩\u200d🚀"}) {
    CHECK(escaped(text) == text);
  }
}

TEST_CASE("what is not printable is escaped") {
  const EscapedRow rows[] = {
      {"a\\b", "a\\\\b"},
      {"a\nb\rc\td", "a\\nb\\rc\\td"},
      {"\0"s, "\\x00"},
      {"\x1b[2J", "\\x1b[2J"},
      {"\x7f", "\\x7f"},
      {"\u0080\u009f", "\\xc2\\x80\\xc2\\x9f"},
      {"\u2028\u2029", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"},
      {"\u202e", "\\xe2\\x80\\xae"},
      {"\u2066", "\\xe2\\x81\\xa6"},
      {"\u200f", "\\xe2\\x80\\x8f"},
      {"\u061c", "\\xd8\\x9c"},
      {"\ufeff", "\\xef\\xbb\\xbf"},
      {"\uffff", "\\xef\\xbf\\xbf"},
      {"\U0001fffe", "\\xf0\\x9f\\xbf\\xbe"},
  };
  for (const EscapedRow& row : rows) CHECK(escaped(row.bytes) == row.shown);
}

TEST_CASE("what is not UTF-8 is escaped byte by byte") {
  const EscapedRow rows[] = {
      {"\x80", "\\x80"},                             // a continuation byte alone
      {"\xff\xfe", "\\xff\\xfe"},                    // never in UTF-8
      {"\xc3", "\\xc3"},                             // cut off
      {"\xc3(", "\\xc3("},                           // no continuation
      {"\xe2\x82", "\\xe2\\x82"},                    // cut off
      {"\xc0\xaf", "\\xc0\\xaf"},                    // overlong '/'
      {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},           // overlong '/'
      {"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},  // overlong '/'
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // beyond U+10FFFF
      {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
      {"ok\xc3\xbc\xc3", "okü\\xc3"},
  };
  for (const EscapedRow& row : rows) CHECK(escaped(row.bytes) == row.shown);
}

TEST_CASE("every single byte comes out printable and on one line") {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string shown = escaped(std::string(1, static_cast<char>(byte)));
    CHECK(shown.size() <= 4);
    for (const char c : shown) CHECK((c >= 0x20 && c < 0x7f));
  }
}

TEST_CASE("long input is cut, never inside a character") {
  CHECK(escaped("abcdef", 6) == "abcdef");
  CHECK(escaped("abcdef", 5) == "abcde...");
  CHECK(escaped("abcdef", 0) == "...");
  CHECK(escaped("abü", 3) == "ab...");
  CHECK(escaped("a😀", 4) == "a...");
  CHECK(escaped("a😀b", 5) == "a😀...");
  CHECK(escaped(std::string(1000, 'x')) == std::string(128, 'x') + "...");
}

TEST_CASE("append_escaped adds to what is there") {
  Buffer out;
  out.append("> ");
  append_escaped(out, "a\nb");
  CHECK(out.view() == "> a\\nb");
}

TEST_CASE("error text: one line, and what was escaped before stays") {
  CHECK(error_text("ERR bad 'x\\x00'") == "ERR bad 'x\\x00'");
  CHECK(error_text("ERR a\r\nb\tc\0d\x7f"s) == "ERR a  b c d ");
  CHECK(error_text("ERR \xff \u202e") == "ERR \\xff \\xe2\\x80\\xae");
  CHECK(error_text("ERR naïve") == "ERR naïve");
}

}  // namespace
}  // namespace reactord
