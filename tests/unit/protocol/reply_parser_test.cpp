// SPDX-License-Identifier: MIT
#include "protocol/replies/reply_parser.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace reactord;
using namespace std::string_literals;
using namespace std::string_view_literals;

// A reply as text that shows its whole structure: "array[integer(1) text(a)]".
std::string shape(const Reply& reply) {
  constexpr std::string_view kNames[] = {"nil",  "boolean", "integer", "big", "real", "status",
                                         "text", "error",   "array",   "set", "map",  "push"};
  std::string out(kNames[static_cast<std::size_t>(reply.kind)]);
  if (!reply.is_aggregate())
    return reply.kind == Reply::Kind::nil ? out : out + '(' + reply.text + ')';
  out += '[';
  for (const Reply& element : reply.elements) {
    if (out.back() != '[') out += ' ';
    out += shape(element);
  }
  return out + ']';
}

struct Outcome {
  std::string replies;  ///< their shapes, one after the other
  std::string error;
  bool operator==(const Outcome&) const = default;
};

void feed(ReplyParser& parser, std::string_view bytes, Outcome& outcome) {
  while (outcome.error.empty()) {
    std::size_t consumed = 0;
    const ReplyStatus status = parser.parse(bytes, consumed);
    bytes.remove_prefix(consumed);
    if (status == ReplyStatus::error) outcome.error = parser.error();
    if (status == ReplyStatus::reply) outcome.replies += shape(parser.take()) + ' ';
    if (status == ReplyStatus::need_more) {
      CHECK(bytes.empty());
      return;
    }
  }
}

Outcome parse(std::string_view bytes, const ReplyLimits& limits = {}) {
  ReplyParser parser(limits);
  Outcome outcome;
  feed(parser, bytes, outcome);
  return outcome;
}

// At every cut, and byte by byte.
void check_every_split(std::string_view bytes, const Outcome& whole,
                       const ReplyLimits& limits = {}) {
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    CAPTURE(cut);
    ReplyParser parser(limits);
    Outcome outcome;
    feed(parser, bytes.substr(0, cut), outcome);
    feed(parser, bytes.substr(cut), outcome);
    CHECK_EQ(outcome.replies, whole.replies);
    CHECK_EQ(outcome.error, whole.error);
  }
  ReplyParser parser(limits);
  Outcome outcome;
  for (const char byte : bytes) feed(parser, std::string_view(&byte, 1), outcome);
  CHECK_EQ(outcome.replies, whole.replies);
  CHECK_EQ(outcome.error, whole.error);
}

struct ReplyRow {
  std::string_view bytes;
  std::string_view replies;
};

constexpr ReplyRow kReplies[] = {
    {"+OK\r\n", "status(OK) "},
    {"+\r\n", "status() "},
    {"-ERR no\r\n", "error(ERR no) "},
    {":-5\r\n", "integer(-5) "},
    {":+5\r\n", "integer(5) "},
    {":-9223372036854775808\r\n", "integer(-9223372036854775808) "},
    {"$0\r\n\r\n", "text() "},
    {"$7\r\na\r\n\0b\r\n\r\n"sv, "text(a\r\n\0b\r\n) "sv},
    {"$-1\r\n", "nil "},
    {"*-1\r\n", "nil "},
    {"*0\r\n", "array[] "},
    {"*3\r\n:1\r\n*1\r\n+a\r\n$1\r\nb\r\n", "array[integer(1) array[status(a)] text(b)] "},
    {"_\r\n", "nil "},
    {"#t\r\n#f\r\n", "boolean(true) boolean(false) "},
    {",3.14\r\n,-1e-7\r\n,10\r\n,inf\r\n,-inf\r\n,nan\r\n",
     "real(3.14) real(-1e-7) real(10) real(inf) real(-inf) real(nan) "},
    {"(-3492890328409238509324850943850943825024385\r\n",
     "big(-3492890328409238509324850943850943825024385) "},
    {"!10\r\nERR a\r\nb!!\r\n", "error(ERR a\r\nb!!) "},
    {"=8\r\ntxt:some\r\n", "text(some) "},
    {"%2\r\n+a\r\n:1\r\n+b\r\n*0\r\n", "map[status(a) integer(1) status(b) array[]] "},
    {"%0\r\n~2\r\n:1\r\n:2\r\n", "map[] set[integer(1) integer(2)] "},
    {">2\r\n+message\r\n+hi\r\n:1\r\n", "push[status(message) status(hi)] integer(1) "},
    {"|1\r\n+ttl\r\n:3600\r\n*2\r\n:1\r\n|1\r\n+a\r\n+b\r\n:2\r\n",
     "array[integer(1) integer(2)] "},
    {"|0\r\n:1\r\n", "integer(1) "},
    {"$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n", "text(Hello) "},
    {"*?\r\n:1\r\n~?\r\n.\r\n.\r\n", "array[integer(1) set[]] "},
    {"%?\r\n+a\r\n:1\r\n.\r\n", "map[status(a) integer(1)] "},
};

TEST_CASE("every type of RESP2 and RESP3, in every cut") {
  for (const ReplyRow& row : kReplies) {
    CAPTURE(row.bytes);
    const Outcome outcome = parse(row.bytes);
    CHECK(outcome.error == "");
    CHECK(outcome.replies == row.replies);
    check_every_split(row.bytes, outcome);
  }
}

struct BrokenRow {
  std::string_view bytes;
  std::string_view error;  ///< a part of it
};

constexpr BrokenRow kBroken[] = {
    {"HTTP/1.1 400 Bad Request\r\n", "expected a reply, got 'HTTP/1.1 400 Bad Request"},
    {"M\n", "expected a reply, got 'M\\n'"},
    {"\x1b[2J\n", "expected a reply, got '\\x1b[2J\\n'"},
    {"no line end, but more bytes than an error shows",
     "got 'no line end, but more bytes than an erro...'"},
    {"*1\r\nMore\r\n", "expected a reply, got 'More"},
    {"+OK\r\nMore\r\n", "expected a reply, got 'More"},
    {"\0\n"sv, "expected a reply"},
    {"\r\n", "expected a reply"},
    {"+OK\n", "CRLF"},
    {"$\r\n", "length"},
    {"$-2\r\n", "length"},
    {"$+1\r\n", "length"},
    {"$1x\r\n", "length"},
    {"$9223372036854775808\r\n", "at most"},
    {"$18446744073709551615\r\n", "at most"},
    {"$18446744073709551616\r\n", "length"},
    {"$3\r\nabcd\r\n", "announced length"},
    {"$3\r\nabc\rx", "announced length"},
    {"*18446744073709551615\r\n", "elements"},
    {"%9223372036854775808\r\n", "elements"},
    {"*2147483647\r\n", "elements"},
    {"*-2\r\n", "count"},
    {":\r\n", "not a value"},
    {":9223372036854775808\r\n", "not a value"},
    {":1.5\r\n", "not a value"},
    {":--1\r\n", "not a value"},
    {"(\r\n", "not a value"},
    {"(12x\r\n", "not a value"},
    {",\r\n", "not a value"},
    {",1..2\r\n", "not a value"},
    {",0x10\r\n", "not a value"},
    {"#y\r\n", "not a value"},
    {"_x\r\n", "not a value"},
    {"=3\r\ntxt\r\n", "format"},
    {"*1\r\n>0\r\n", "push inside"},
    {".\r\n", "end of no stream"},
    {"*1\r\n.\r\n", "end of no stream"},
    {"%?\r\n+a\r\n.\r\n", "no value"},
    {";1\r\na\r\n", "chunk outside"},
    {"$?\r\n$1\r\na\r\n", "expected a chunk"},
};

TEST_CASE("what is no reply is an error, in every cut") {
  for (const BrokenRow& row : kBroken) {
    CAPTURE(row.bytes);
    const Outcome outcome = parse(row.bytes);
    CHECK(outcome.replies == (row.bytes.starts_with("+OK\r\n") ? "status(OK) " : ""));
    CHECK_MESSAGE(outcome.error.find(row.error) != std::string::npos, outcome.error);
    check_every_split(row.bytes, outcome);
  }
}

TEST_CASE("limits, too, answer alike in every cut") {
  ReplyLimits limits;
  limits.max_bytes = 20;
  limits.max_line_bytes = 12;
  limits.max_elements = 4;
  limits.max_depth = 2;
  for (const std::string_view bytes :
       {"$14\r\n12345678901234\r\n", "$13\r\n1234567890123\r\n", "$21\r\n", "$17\r\n", "$18\r\n",
        "*2\r\n+1234567\r\n$7\r\n", "*2\r\n+1234567\r\n$4x\r\n", "*2\r\n$7\r\n1234567\r\n:12x\r\n",
        "+123456789\r\n", "+1234567890\r\n", ":1234567890123x\r\n", "*1\r\n*1\r\n*1\r\n:1\r\n",
        "*?\r\n_\r\n_\r\n_\r\n_\r\n_\r\n", "|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n", "*5\r\n"}) {
    CAPTURE(bytes);
    check_every_split(bytes, parse(bytes, limits), limits);
  }
}

TEST_CASE(
    "the beginning of no reply is told at the end, where it is too short to be told at once") {
  ReplyParser parser;
  std::size_t consumed = 0;
  CHECK_FALSE(parser.is_lost_at_end());
  CHECK(parser.parse("login", consumed) == ReplyStatus::need_more);
  CHECK(parser.parse(": ", consumed) == ReplyStatus::need_more);
  CHECK(parser.is_lost_at_end());
  CHECK_EQ(parser.error(), "expected a reply, got 'login: '");
  ReplyParser half;
  CHECK(half.parse("+login", consumed) == ReplyStatus::need_more);
  CHECK_FALSE(half.is_lost_at_end());
}

TEST_CASE("an error is sticky") {
  ReplyParser parser;
  std::size_t consumed = 0;
  CHECK(parser.parse("x\n", consumed) == ReplyStatus::error);
  CHECK(parser.parse("+OK\r\n", consumed) == ReplyStatus::error);
  CHECK(consumed == 0);
}

TEST_CASE("it knows whether it is inside a reply") {
  ReplyParser parser;
  std::size_t consumed = 0;
  CHECK(parser.between_replies());
  CHECK(parser.parse("*2\r\n:1\r\n", consumed) == ReplyStatus::need_more);
  CHECK_FALSE(parser.between_replies());
  CHECK(parser.parse(":2\r\n+more", consumed) == ReplyStatus::reply);
  CHECK(consumed == 4);
  CHECK(parser.between_replies());
}

TEST_CASE("each limit holds, and what just fits is accepted") {
  ReplyLimits limits;
  limits.max_bytes = 20;
  limits.max_line_bytes = 10;
  limits.max_elements = 4;
  limits.max_depth = 2;
  CHECK(parse("$14\r\n12345678901234\r\n", limits).error.find("20 bytes") != std::string::npos);
  CHECK(parse("$13\r\n1234567890123\r\n", limits).replies == "text(1234567890123) ");
  CHECK(parse("$21\r\n", limits).error.find("21 bytes") != std::string::npos);
  CHECK(parse("+1234567\r\n", limits).replies == "status(1234567) ");
  CHECK(parse("+12345678\r\n", limits).error.find("10 bytes") != std::string::npos);
  CHECK(parse("+1234567890", limits).error.find("10 bytes") != std::string::npos);
  CHECK(parse("*1\r\n*1\r\n:1\r\n", limits).error == "");
  CHECK(parse("*1\r\n*1\r\n*1\r\n:1\r\n", limits).error.find("2 deep") != std::string::npos);
  CHECK(parse("*5\r\n", limits).error.find("4 elements") != std::string::npos);
  CHECK(parse("*?\r\n_\r\n_\r\n_\r\n_\r\n_\r\n", limits).error != "");
}

TEST_CASE("the limits are of one reply: a long stream of replies is fine") {
  ReplyLimits limits;
  limits.max_bytes = 10;
  limits.max_elements = 2;
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += ":1\r\n";
  const Outcome outcome = parse(bytes, limits);
  CHECK(outcome.error == "");
  CHECK(outcome.replies.size() == 1000 * "integer(1) "sv.size());
}

TEST_CASE("attributes without end are bounded like a reply") {
  ReplyLimits limits;
  limits.max_bytes = 100;
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += "|0\r\n";
  CHECK(parse(bytes, limits).error.find("100 bytes") != std::string::npos);
}

TEST_CASE("endless nesting ends at the depth limit") {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += "*1\r\n";
  CHECK(parse(bytes).error.find("64 deep") != std::string::npos);
}

}  // namespace
