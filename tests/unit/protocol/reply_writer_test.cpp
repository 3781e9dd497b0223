// SPDX-License-Identifier: MIT
// Each call in each encoding, then the rules of plain replies and the writer's bookkeeping.
#include "protocol/reply_writer.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

namespace reactord {
namespace {

using namespace std::string_literals;

using Write = std::function<void(ReplyWriter&)>;

std::string written(ReplyEncoding encoding, const Write& write) {
  Buffer out;
  ReplyWriter writer(out, encoding);
  write(writer);
  CHECK(writer.balanced());
  return std::string(out.view());
}

std::string plain(const Write& write) {
  return written(ReplyEncoding::plain, write);
}

void check(const Write& write, std::string_view resp2, std::string_view resp3,
           std::string_view plain_text, std::string_view raw) {
  CHECK(written(ReplyEncoding::resp2, write) == resp2);
  CHECK(written(ReplyEncoding::resp3, write) == resp3);
  CHECK(written(ReplyEncoding::plain, write) == plain_text);
  CHECK(written(ReplyEncoding::raw, write) == raw);
}

TEST_CASE("statuses and errors") {
  check([](ReplyWriter& w) { w.ok(); }, "+OK\r\n", "+OK\r\n", "OK\n", "OK");
  check([](ReplyWriter& w) { w.simple("PONG"); }, "+PONG\r\n", "+PONG\r\n", "PONG\n", "PONG");
  check([](ReplyWriter& w) { w.simple("a\r\nb"); }, "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n",
        "a\\r\\nb\n", "a\r\nb");
  check([](ReplyWriter& w) { w.error("ERR no"); }, "-ERR no\r\n", "-ERR no\r\n", "(error) ERR no\n",
        "ERR no");
  check([](ReplyWriter& w) { w.error("no code"); }, "-no code\r\n", "-no code\r\n",
        "(error) no code\n", "no code");
  check([](ReplyWriter& w) { w.error("ERR a\r\nb 'x\\n'\xff"); }, "-ERR a  b 'x\\n'\\xff\r\n",
        "-ERR a  b 'x\\n'\\xff\r\n", "(error) ERR a  b 'x\\n'\\xff\n", "ERR a  b 'x\\n'\\xff");
}

TEST_CASE("integers") {
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  check([](ReplyWriter& w) { w.integer(5); }, ":5\r\n", ":5\r\n", "5\n", "5");
  check([](ReplyWriter& w) { w.integer(0); }, ":0\r\n", ":0\r\n", "0\n", "0");
  check([](ReplyWriter& w) { w.integer(kLeast); }, ":-9223372036854775808\r\n",
        ":-9223372036854775808\r\n", "-9223372036854775808\n", "-9223372036854775808");
}

TEST_CASE("integers of any size") {
  const auto check_small = [](const std::string& digits) {
    for (const BigInteger big : {BigInteger::string, BigInteger::number}) {
      check([&](ReplyWriter& w) { w.integer_digits(digits, big); }, ":" + digits + "\r\n",
            ":" + digits + "\r\n", digits + "\n", digits);
    }
  };
  const auto check_big = [](const std::string& digits) {
    const std::string bulk = "$" + std::to_string(digits.size()) + "\r\n" + digits + "\r\n";
    check([&](ReplyWriter& w) { w.integer_digits(digits); }, bulk, bulk, digits + "\n", digits);
    check([&](ReplyWriter& w) { w.integer_digits(digits, BigInteger::number); }, bulk,
          "(" + digits + "\r\n", digits + "\n", digits);
  };
  for (const char* digits :
       {"0", "5", "-4", "999999999999999999", "9223372036854775807", "-9223372036854775808"}) {
    check_small(digits);
  }
  for (const char* digits : {"9223372036854775808", "-9223372036854775809", "18446744073709551616",
                             "100000000000000000000000000000000000000000"}) {
    check_big(digits);
  }
}

TEST_CASE("bulk strings") {
  check([](ReplyWriter& w) { w.bulk("hello"); }, "$5\r\nhello\r\n", "$5\r\nhello\r\n", "hello\n",
        "hello");
  check([](ReplyWriter& w) { w.bulk(""); }, "$0\r\n\r\n", "$0\r\n\r\n", "\n", "");
  check([](ReplyWriter& w) { w.bulk("a\r\n\\\0"s); }, "$5\r\na\r\n\\\0\r\n"s,
        "$5\r\na\r\n\\\0\r\n"s, "a\\r\\n\\\\\\x00\n", "a\r\n\\\0"s);
}

TEST_CASE("nil, booleans and reals") {
  check([](ReplyWriter& w) { w.nil(); }, "$-1\r\n", "_\r\n", "(nil)\n", "");
  check([](ReplyWriter& w) { w.boolean(true); }, ":1\r\n", "#t\r\n", "true\n", "true");
  check([](ReplyWriter& w) { w.boolean(false); }, ":0\r\n", "#f\r\n", "false\n", "false");
  check([](ReplyWriter& w) { w.real(4.4); }, "$3\r\n4.4\r\n", ",4.4\r\n", "4.4\n", "4.4");
  check([](ReplyWriter& w) { w.real(-2.2250738585072014e-308); },
        "$24\r\n-2.2250738585072014e-308\r\n", ",-2.2250738585072014e-308\r\n",
        "-2.2250738585072014e-308\n", "-2.2250738585072014e-308");
  check([](ReplyWriter& w) { w.real(-std::numeric_limits<double>::infinity()); }, "$4\r\n-inf\r\n",
        ",-inf\r\n", "-inf\n", "-inf");
  check([](ReplyWriter& w) { w.real(-std::numeric_limits<double>::quiet_NaN()); }, "$3\r\nnan\r\n",
        ",nan\r\n", "nan\n", "nan");
}

TEST_CASE("text") {
  check([](ReplyWriter& w) { w.text("# a\r\nb:1\r\n\r\n\nc\n"); },
        "$15\r\n# a\r\nb:1\r\n\r\n\nc\n\r\n", "=19\r\ntxt:# a\r\nb:1\r\n\r\n\nc\n\r\n",
        "# a\nb:1\nc\n\n", "# a\r\nb:1\r\n\r\n\nc\n");
  check([](ReplyWriter& w) { w.text(""); }, "$0\r\n\r\n", "=4\r\ntxt:\r\n", "\n", "");
  CHECK(plain([](ReplyWriter& w) { w.text("a\\\x1b\nERR x\n(error) x\n(nil)\nlast"); }) ==
        "a\\\\\\x1b\nERR x\n\\x28error) x\n\\x28nil)\nlast\n\n");
}

TEST_CASE("aggregates") {
  const auto two = [](ReplyWriter& w) {
    w.bulk("a");
    w.integer(1);
  };
  check([&](ReplyWriter& w) { w.array(2), two(w); }, "*2\r\n$1\r\na\r\n:1\r\n",
        "*2\r\n$1\r\na\r\n:1\r\n", "a\n1\n\n", "a1");
  check([&](ReplyWriter& w) { w.set(2), two(w); }, "*2\r\n$1\r\na\r\n:1\r\n",
        "~2\r\n$1\r\na\r\n:1\r\n", "a\n1\n\n", "a1");
  check([&](ReplyWriter& w) { w.map(1), two(w); }, "*2\r\n$1\r\na\r\n:1\r\n",
        "%1\r\n$1\r\na\r\n:1\r\n", "a: 1\n\n", "a1");
  check([&](ReplyWriter& w) { w.push(2), two(w); }, "*2\r\n$1\r\na\r\n:1\r\n",
        ">2\r\n$1\r\na\r\n:1\r\n", "a 1\n", "a1");
}

TEST_CASE("empty aggregates") {
  check([](ReplyWriter& w) { w.array(0); }, "*0\r\n", "*0\r\n", "\n", "");
  check([](ReplyWriter& w) { w.set(0); }, "*0\r\n", "~0\r\n", "\n", "");
  check([](ReplyWriter& w) { w.map(0); }, "*0\r\n", "%0\r\n", "\n", "");
  check([](ReplyWriter& w) { w.push(0); }, "*0\r\n", ">0\r\n", "\n", "");
}

TEST_CASE("plain: data that would read as an error or as nil is marked") {
  const auto shown = [](std::string_view data) {
    return plain([&](ReplyWriter& w) { w.bulk(data); });
  };
  CHECK(shown("(error) x") == "\\x28error) x\n");
  CHECK(shown("(error) ") == "\\x28error) \n");
  CHECK(shown("(nil)") == "\\x28nil)\n");
  for (const char* data : {"(error)", "(error)x", "(Error) x", " (error) x", "error x", "(err) x",
                           "HELLO world", "ERR x", "NOAUTH ", "PONG", "(nil) ", "\"\""}) {
    CHECK(shown(data) == std::string(data) + "\n");
  }
  CHECK(plain([](ReplyWriter& w) { w.simple("(error) x"); }) == "\\x28error) x\n");
  CHECK(written(ReplyEncoding::raw, [](ReplyWriter& w) { w.bulk("(error) x"); }) == "(error) x");
}

TEST_CASE("plain: a list has no empty line inside") {
  CHECK(plain([](ReplyWriter& w) {
          w.array(6);
          w.bulk("");
          w.bulk("\"\"");
          w.nil();
          w.bulk("(nil)");
          w.bulk("(error) ERR x");
          w.error("ERR x");
        }) == "\"\"\n\\x22\"\n(nil)\n\\x28nil)\n\\x28error) ERR x\n(error) ERR x\n\n");
  CHECK(plain([](ReplyWriter& w) {
          w.map(2);
          w.bulk("");
          w.bulk("");
          w.bulk("t");
          w.text("a\n\nb");
        }) == "\"\": \"\"\nt: a\\n\\nb\n\n");
}

TEST_CASE("plain: lists in lists are indented, each behind its mark") {
  CHECK(plain([](ReplyWriter& w) {
          w.array(4);
          w.array(2), w.bulk("a"), w.bulk("b");
          w.array(0);
          w.array(1), w.array(2), w.bulk("c"), w.bulk("d");
          w.bulk("e");
        }) == "- a\n  b\n-\n- - c\n    d\ne\n\n");
}

TEST_CASE("plain: maps in maps, and in lists") {
  CHECK(plain([](ReplyWriter& w) {
          w.map(3);
          w.bulk("server"), w.bulk("reactord");
          w.bulk("modules"), w.array(0);
          w.bulk("command"), w.map(2);
          w.bulk("arity"), w.integer(2);
          w.bulk("flags"), w.array(2), w.bulk("fast"), w.bulk("stale");
        }) ==
        "server: reactord\nmodules:\ncommand:\n  arity: 2\n  flags:\n    fast\n    stale\n\n");
  CHECK(plain([](ReplyWriter& w) {
          w.array(2);
          w.map(2), w.bulk("id"), w.integer(1), w.bulk("name"), w.nil();
          w.map(1), w.bulk("id"), w.integer(2);
        }) == "- id: 1\n  name: (nil)\n- id: 2\n\n");
}

TEST_CASE("plain: a push is one line, and does not read as an error") {
  CHECK(plain([](ReplyWriter& w) {
          w.push(3), w.bulk("message"), w.bulk("NEWS"), w.bulk("a\nb");
        }) == "message NEWS a\\nb\n");
  CHECK(plain([](ReplyWriter& w) { w.push(2), w.bulk("(error)"), w.bulk(""); }) ==
        "\\x28error) \"\"\n");
  CHECK(plain([](ReplyWriter& w) { w.push(1), w.bulk("(error) x"); }) == "\\x28error) x\n");
  CHECK(plain([](ReplyWriter& w) { w.push(2), w.bulk("a"), w.bulk("(error)"); }) == "a (error)\n");
  CHECK(plain([](ReplyWriter& w) { w.push(1), w.bulk("a"), w.push(1), w.bulk("b"); }) == "a\nb\n");
  CHECK(plain([](ReplyWriter& w) { w.push(2), w.array(2), w.bulk("a"), w.bulk("b"), w.nil(); }) ==
        "a b (nil)\n");
}

TEST_CASE("replies are counted, pushes are not") {
  for (const ReplyEncoding encoding :
       {ReplyEncoding::resp2, ReplyEncoding::resp3, ReplyEncoding::plain, ReplyEncoding::raw}) {
    Buffer out;
    ReplyWriter writer(out, encoding);
    CHECK(writer.replies() == 0);
    CHECK(writer.balanced());
    writer.ok();
    CHECK(writer.replies() == 1);
    writer.array(2);
    CHECK_FALSE(writer.balanced());
    writer.nil();
    CHECK(writer.replies() == 1);
    writer.map(1);
    writer.bulk("k");
    CHECK_FALSE(writer.balanced());
    writer.array(0);
    CHECK(writer.balanced());
    CHECK(writer.replies() == 2);
    writer.push(1);
    CHECK_FALSE(writer.balanced());
    writer.bulk("news");
    CHECK(writer.balanced());
    CHECK(writer.replies() == 2);
    writer.array(0);
    CHECK(writer.replies() == 3);
  }
}

TEST_CASE("as deep as can be, and one deeper") {
  Buffer out;
  ReplyWriter deepest(out, ReplyEncoding::resp2);
  for (std::size_t i = 0; i < ReplyWriter::kMaxDepth; ++i) deepest.array(1);
  deepest.ok();
  CHECK(deepest.balanced());
  CHECK(deepest.replies() == 1);

  ReplyWriter deeper(out, ReplyEncoding::plain);
  for (std::size_t i = 0; i <= ReplyWriter::kMaxDepth; ++i) deeper.array(1);
  deeper.ok();
  CHECK_FALSE(deeper.balanced());
}

TEST_CASE("the encoding may change between replies") {
  Buffer out;
  ReplyWriter writer(out, ReplyEncoding::resp2);
  writer.nil();
  writer.set_encoding(ReplyEncoding::resp3);
  CHECK(writer.encoding() == ReplyEncoding::resp3);
  writer.nil();
  CHECK(out.view() == "$-1\r\n_\r\n");
}

TEST_CASE("replies are added behind what the buffer holds") {
  Buffer out;
  out.append("before ");
  ReplyWriter(out, ReplyEncoding::resp2).ok();
  ReplyWriter(out, ReplyEncoding::plain).bulk(std::string(100000, 'x'));
  CHECK(out.view() == "before +OK\r\n" + std::string(100000, 'x') + "\n");
}

}  // namespace
}  // namespace reactord
