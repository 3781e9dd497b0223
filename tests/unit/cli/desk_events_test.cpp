// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/operator/desk_events.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "protocol/replies/reply_parser.h"

namespace {

using namespace reactord::cli;
using Kind = DeskEvent::Kind;
using reactord::Reply;

Reply parsed(std::string_view bytes) {
  reactord::ReplyParser parser;
  std::size_t consumed = 0;
  REQUIRE(parser.parse(bytes, consumed) == reactord::ReplyStatus::reply);
  return parser.take();
}

Reply push(std::initializer_list<const char*> words) {
  Reply reply{Reply::Kind::push, "", {}};
  for (const char* word : words) reply.elements.push_back({Reply::Kind::text, word, {}});
  return reply;
}

TEST_CASE("a message, its numbers as integers") {
  const auto event = read_desk_event(
      parsed(">6\r\n$8\r\noperator\r\n$7\r\nmessage\r\n:12\r\n$9\r\n1.2.3.4:5\r\n$8\r\nfinished\r\n"
             "$3\r\na\nb\r\n"));
  REQUIRE(event.has_value());
  CHECK(event->kind == Kind::message);
  CHECK(event->message.id == 12);
  CHECK(event->message.peer == "1.2.3.4:5");
  CHECK(event->message.finished);
  CHECK(event->message.text == "a\nb");
  CHECK(event->message.bytes == 3);
  CHECK(event->message.waited.count() == 0);
}

TEST_CASE("every other event") {
  struct Row {
    std::initializer_list<const char*> words;
    Kind kind;
    MessageId id;
    const char* name;
    std::uint64_t count;
  };
  for (const Row& row : std::initializer_list<Row>{
           {{"operator", "finished", "7"}, Kind::finished, 7, "", 0},
           {{"operator", "gone", "7"}, Kind::gone, 7, "", 0},
           {{"operator", "answered", "7", "bob"}, Kind::answered, 7, "bob", 0},
           {{"operator", "rejected", "7", "bob"}, Kind::rejected, 7, "bob", 0},
           {{"operator", "expired", "7"}, Kind::expired, 7, "", 0},
           {{"operator", "uncertain", "7", "bob"}, Kind::uncertain, 7, "bob", 0},
           {{"operator", "joined", "bob"}, Kind::joined, 0, "bob", 0},
           {{"operator", "left", "bob"}, Kind::left, 0, "bob", 0},
           {{"operator", "dropped", "9"}, Kind::dropped, 0, "", 9},
           {{"operator", "mode", "template"}, Kind::mode, 0, "template", 0},
           {{"operator", "gone", "7", "and", "more"}, Kind::gone, 7, "", 0},
       }) {
    CAPTURE(*(row.words.begin() + 1));
    const auto event = read_desk_event(push(row.words));
    REQUIRE(event.has_value());
    CHECK(event->kind == row.kind);
    CHECK(event->message.id == row.id);
    CHECK(event->name == row.name);
    CHECK(event->count == row.count);
  }
}

TEST_CASE("what is no event") {
  for (const auto& words : std::initializer_list<std::initializer_list<const char*>>{
           {},
           {"operator"},
           {"operator", "sang", "7"},
           {"invalidate", "gone", "7"},
           {"operator", "gone"},
           {"operator", "gone", ""},
           {"operator", "gone", "-7"},
           {"operator", "gone", "7x"},
           {"operator", "gone", "99999999999999999999"},
           {"operator", "answered", "7"},
           {"operator", "message", "7", "peer", "open"},
       }) {
    CHECK_FALSE(read_desk_event(push(words)).has_value());
  }
  CHECK_FALSE(read_desk_event(parsed("+operator\r\n")).has_value());
  Reply array = push({"operator", "gone", "7"});
  array.kind = Reply::Kind::array;
  CHECK_FALSE(read_desk_event(array).has_value());
}

TEST_CASE("a list") {
  const auto list = read_desk_list(parsed(
      "%3\r\n+mode\r\n+operator\r\n+operators\r\n*1\r\n%4\r\n+name\r\n+bob\r\n+client\r\n:3\r\n"
      "+answered\r\n:5\r\n+dropped\r\n:2\r\n+waiting\r\n*1\r\n%7\r\n+id\r\n:12\r\n+peer\r\n+p\r\n"
      "+client\r\n:9\r\n+state\r\n+finished\r\n+waiting_ms\r\n:1500\r\n+bytes\r\n:2000\r\n"
      "+text\r\n$2\r\nhi\r\n"));
  REQUIRE(list.has_value());
  CHECK(list->mode == "operator");
  REQUIRE(list->operators.size() == 1);
  CHECK(list->operators[0].name == "bob");
  CHECK(list->operators[0].answered == 5);
  CHECK(list->operators[0].dropped == 2);
  REQUIRE(list->waiting.size() == 1);
  CHECK(list->waiting[0].id == 12);
  CHECK(list->waiting[0].finished);
  CHECK(list->waiting[0].waited.count() == 1500);
  CHECK(list->waiting[0].bytes == 2000);
  CHECK(list->waiting[0].text == "hi");
}

TEST_CASE("what is no list, and what is missing in one") {
  CHECK_FALSE(read_desk_list(parsed("-ERR no\r\n")).has_value());
  CHECK_FALSE(read_desk_list(parsed("%0\r\n")).has_value());
  CHECK_FALSE(
      read_desk_list(parsed("%2\r\n+operators\r\n*0\r\n+waiting\r\n*1\r\n:1\r\n")).has_value());
  CHECK_FALSE(read_waiting_message(parsed("*2\r\n+id\r\n:1\r\n")).has_value());
  const auto bare = read_waiting_message(parsed("%2\r\n+id\r\n:1\r\n+waiting_ms\r\n+soon\r\n"));
  REQUIRE(bare.has_value());
  CHECK(bare->text.empty());
  CHECK(bare->waited.count() == 0);
}

}  // namespace
