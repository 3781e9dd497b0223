// SPDX-License-Identifier: MIT
// Where a reply ends, at every split of every kind; and that the scanner and the parser of replies
// (protocol/replies/reply_parser.h) agree on it.
#include "tools/reactor-load/check/reply_scanner.h"

#include <doctest/doctest.h>

#include <string>

#include "protocol/replies/reply_parser.h"

namespace reactord::load {
namespace {

const std::string kReplies[] = {"+OK\r\n",
                                "-ERR no\r\n",
                                ":-5\r\n",
                                "$5\r\nhello\r\n",
                                "$0\r\n\r\n",
                                "$3\r\n\r\n\n\r\n",
                                "$-1\r\n",
                                "*-1\r\n",
                                "_\r\n",
                                "#t\r\n",
                                ",1.5\r\n",
                                "(123456789012345678901\r\n",
                                "=8\r\ntxt:some\r\n",
                                "!5\r\nERR x\r\n",
                                "*0\r\n",
                                "*2\r\n$1\r\na\r\n:1\r\n",
                                "*2\r\n*1\r\n:1\r\n*0\r\n",
                                "%1\r\n+a\r\n*2\r\n:1\r\n$2\r\n\r\n\r\n",
                                "~1\r\n+x\r\n",
                                ">2\r\n+a\r\n+b\r\n",
                                "|1\r\n+ttl\r\n:5\r\n$1\r\na\r\n"};

TEST_CASE("every reply ends where it ends, however it is cut") {
  for (const std::string& reply : kReplies) {
    CAPTURE(reply);
    for (std::size_t cut = 0; cut < reply.size(); ++cut) {
      ReplyScanner scanner;
      ReplyView view;
      const std::string_view all(reply);
      REQUIRE(scanner.scan(all.substr(0, cut), view) == ScanStatus::need_more);
      REQUIRE(scanner.scan(all, view) == ScanStatus::reply);
      CHECK_EQ(view.raw, reply);
    }
    ReplyScanner scanner;
    ReplyView view;
    for (std::size_t bytes = 1; bytes < reply.size(); ++bytes) {
      REQUIRE(scanner.scan(std::string_view(reply).substr(0, bytes), view) ==
              ScanStatus::need_more);
    }
    const std::string followed = reply + "+MORE\r\n";
    REQUIRE(scanner.scan(followed, view) == ScanStatus::reply);
    CHECK_EQ(view.raw, reply);
    CHECK_EQ(view.type, reply[0] == '|' ? '$' : reply[0]);
  }
}

TEST_CASE("attributes in front of a reply are not what it is") {
  struct Row {
    std::string reply;
    char type;
    std::string_view text;
  };
  const std::string attribute = "|1\r\n+ttl\r\n*2\r\n:5\r\n+x\r\n";
  for (const Row& row :
       {Row{attribute + "-ERR no\r\n", '-', "ERR no"}, Row{attribute + "+PONG\r\n", '+', "PONG"},
        Row{attribute + attribute + "$2\r\nab\r\n", '$', "ab"}, Row{attribute + "_\r\n", '_', ""},
        Row{attribute + ">2\r\n:1\r\n:2\r\n", '>', ""},
        Row{attribute + "*1\r\n" + attribute + "+a\r\n", '*', ""}}) {
    CAPTURE(row.reply);
    for (std::size_t cut = 0; cut < row.reply.size(); ++cut) {
      ReplyScanner scanner;
      ReplyView view;
      const std::string_view all(row.reply);
      REQUIRE(scanner.scan(all.substr(0, cut), view) == ScanStatus::need_more);
      REQUIRE(scanner.scan(all, view) == ScanStatus::reply);
      CHECK_EQ(view.raw, row.reply);
      CHECK_EQ(view.type, row.type);
      CHECK_EQ(view.text, row.text);
    }
  }
}

TEST_CASE("the parser of replies agrees") {
  for (const std::string& reply : kReplies) {
    CAPTURE(reply);
    ReplyParser parser;
    std::size_t consumed = 0;
    REQUIRE(parser.parse(reply + "+MORE\r\n", consumed) == ReplyStatus::reply);
    CHECK_EQ(consumed, reply.size());
  }
}

TEST_CASE("the answer does not depend on the cuts, for what is no reply either") {
  using namespace std::string_view_literals;
  for (const std::string_view bytes :
       {"hello\n"sv, "\0\n"sv, "\r\n"sv, "\n"sv, "+no line end\n"sv, "$5\r\nhelloXY"sv, "$x\r\n"sv,
        "$-2\r\n"sv, "*x\r\n"sv, "*2\r\n:1\r\nx\r\n"sv, "$99999999999\r\n"sv, "*99999999\r\n"sv,
        "*?\r\n"sv, "*2\r\n*2000000\r\n*2000000\r\n"sv, ":1\n"sv}) {
    CAPTURE(bytes);
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
      ReplyScanner scanner;
      ReplyView view;
      ScanStatus status = ScanStatus::need_more;
      for (std::size_t end = step; status == ScanStatus::need_more && end < bytes.size();
           end += step) {
        status = scanner.scan(bytes.substr(0, end), view);
      }
      if (status == ScanStatus::need_more) status = scanner.scan(bytes, view);
      CHECK(status == ScanStatus::broken);
    }
  }
}

TEST_CASE("a reply without end is broken when it is longer than any that is held") {
  for (const std::string& head : {std::string("+"), std::string("$x"), std::string("*1\r\n:")}) {
    const std::string most = head + std::string(4u << 20, 'x');
    ReplyScanner scanner;
    ReplyView view;
    CHECK(scanner.scan(std::string_view(most).substr(0, 4u << 20), view) == ScanStatus::need_more);
    CHECK(scanner.scan(most, view) == ScanStatus::broken);
  }
  ReplyScanner scanner;
  ReplyView view;
  CHECK(scanner.scan("$67108865\r\n", view) == ScanStatus::broken);
  const std::string strings = "$4000000\r\n" + std::string(4000000, 'x') + "\r\n";
  std::string endless = "*100\r\n";
  ScanStatus status = ScanStatus::need_more;
  for (int i = 0; i < 20 && status == ScanStatus::need_more; ++i) {
    endless += strings;
    status = scanner.scan(endless, view);
  }
  CHECK(status == ScanStatus::broken);
  CHECK(endless.size() < (72u << 20));
}

TEST_CASE("scalars show their value") {
  const auto text_of = [](std::string_view bytes) {
    ReplyScanner scanner;
    ReplyView view;
    REQUIRE(scanner.scan(bytes, view) == ScanStatus::reply);
    return std::string(view.text);
  };
  CHECK_EQ(text_of("+PONG\r\n"), "PONG");
  CHECK_EQ(text_of(":-5\r\n"), "-5");
  CHECK_EQ(text_of("$5\r\nhe\r\no\r\n"), "he\r\no");
  CHECK_EQ(text_of("*1\r\n+a\r\n"), "");
}

TEST_CASE("what is no reply is told at once") {
  for (const std::string_view bytes :
       {"hello", "<html>", "+no line end\n", "$5\r\nhelloXY", "$x\r\n", "$-2\r\n", "*x\r\n",
        "$99999999999\r\n", "*99999999\r\n", "*?\r\n"}) {
    CAPTURE(bytes);
    ReplyScanner scanner;
    ReplyView view;
    CHECK(scanner.scan(bytes, view) == ScanStatus::broken);
  }
}

}  // namespace
}  // namespace reactord::load
