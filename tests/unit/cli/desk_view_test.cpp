// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/operator/desk_view.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

using namespace reactord::cli;
using Line = DeskLine::Kind;

DeskEvent event(DeskEvent::Kind kind, MessageId id, std::string name = "") {
  DeskEvent out;
  out.kind = kind;
  out.message.id = id;
  out.name = std::move(name);
  return out;
}

DeskView with(std::initializer_list<MessageId> ids) {
  DeskView view;
  for (const MessageId id : ids) view.apply(event(DeskEvent::Kind::message, id));
  view.on_typing("");
  return view;
}

std::string prompt(DeskView& view, std::string_view typed) {
  view.on_typing(typed);
  return view.prompt();
}

void check_answer(const DeskView& view, std::string_view line, MessageId id,
                  std::string_view text) {
  CAPTURE(line);
  const DeskLine meaning = view.read(line);
  CHECK(meaning.kind == Line::answer);
  CHECK(meaning.id == id);
  CHECK(meaning.text == text);
}

void check_refused(const DeskView& view, std::string_view line, std::string_view part) {
  CAPTURE(line);
  const DeskLine meaning = view.read(line);
  CAPTURE(meaning.text);
  CHECK(meaning.kind == Line::refused);
  CHECK(meaning.text.find(part) != std::string::npos);
}

TEST_CASE("Enter answers the oldest") {
  DeskView view = with({13, 12, 14});
  CHECK(view.prompt() == "3 waiting, Enter answers 12> ");
  check_answer(view, "hello", 12, "hello");
  check_answer(view, "hello ", 12, "hello ");
  check_answer(view, "5", 12, "5");
  check_answer(view, "5.5 apples", 12, "5.5 apples");
  check_answer(view, "3rd floor", 12, "3rd floor");
  check_answer(view, "  two blanks", 12, " two blanks");
  check_answer(view, " 13 is a number", 12, "13 is a number");
  check_answer(view, " /list", 12, "/list");
  for (const char* nothing : {"", " ", "   "}) CHECK(view.read(nothing).kind == Line::nothing);
}

TEST_CASE("the prompt tells how many minutes its message has waited, and when that changes") {
  using namespace std::chrono_literals;
  const DeskView::Time start{1h};
  DeskView view;
  CHECK_FALSE(view.next_change());
  view.at(start);
  DeskEvent old = event(DeskEvent::Kind::message, 12);
  old.message.waited = 59s;
  view.apply(old);
  view.at(start + 500ms);
  view.apply(event(DeskEvent::Kind::message, 13));
  CHECK(prompt(view, "") == "2 waiting, Enter answers 12> ");
  CHECK(view.next_change() == start + 1s);
  view.at(start + 1s);
  CHECK(prompt(view, "") == "2 waiting, Enter answers 12 (1 min)> ");
  CHECK(view.next_change() == start + 61s);
  view.at(start + 2h);
  CHECK(prompt(view, "he") == "2 waiting, Enter answers 12 (120 min)> ");
  CHECK(prompt(view, "13 he") == "2 waiting, Enter answers 13 (119 min)> ");
  CHECK(prompt(view, "/list") == "2 waiting> ");
  CHECK_FALSE(view.next_change());
  DeskEvent absurd = event(DeskEvent::Kind::message, 11);
  absurd.message.waited = std::chrono::milliseconds::max();
  view.apply(absurd);
  CHECK(prompt(view, "") == "3 waiting, Enter answers 11 (525949 min)> ");
}

TEST_CASE("a number in front names a message") {
  DeskView view = with({12, 13});
  check_answer(view, "13 text", 13, "text");
  check_answer(view, "13  text ", 13, " text ");
  check_answer(view, "013 text", 13, "text");
  check_refused(view, "13", "'13 TEXT' answers 13; to answer 12 with '13', put a blank in front");
  check_refused(view, "13 ", "'13 TEXT' answers 13");
  check_refused(view, "99 bottles", "there is no message 99; to answer 12 with '99 bottles'");
  view.apply(event(DeskEvent::Kind::expired, 13));
  check_refused(view, "13 text", "13 has expired: its client got the fallback");
}

TEST_CASE("the prompt names what the typed number means") {
  DeskView view = with({12, 13});
  CHECK(prompt(view, "13") == "2 waiting, Enter answers 12> ");
  CHECK(prompt(view, "13 ") == "2 waiting, Enter answers 13> ");
  CHECK(prompt(view, "13 x") == "2 waiting, Enter answers 13> ");
  CHECK(prompt(view, "14 x") == "2 waiting, Enter answers 12> ");
  CHECK(prompt(view, "/list") == "2 waiting> ");
  CHECK(prompt(view, "") == "2 waiting, Enter answers 12> ");
}

TEST_CASE("an answer goes to the message that was the oldest when typing began, or to none") {
  DeskView view = with({12, 13});
  CHECK(prompt(view, "h") == "2 waiting, Enter answers 12> ");
  view.apply(event(DeskEvent::Kind::answered, 12, "bob"));
  CHECK(prompt(view, "he") == "12 is settled, 1 waiting> ");
  check_refused(view, "hello", "12 was answered by bob; nothing was sent ('13 TEXT' answers 13");
  CHECK(prompt(view, "13 he") == "1 waiting, Enter answers 13> ");
  SUBCASE("until the line is empty") {
    CHECK(prompt(view, "") == "1 waiting, Enter answers 13> ");
    check_answer(view, "hello", 13, "hello");
  }
  SUBCASE("a newer one changes nothing") {
    view.apply(event(DeskEvent::Kind::message, 14));
    check_refused(view, "hello", "12 was answered by bob");
  }
  SUBCASE("and nobody else waits") {
    view.apply(event(DeskEvent::Kind::gone, 13));
    CHECK(prompt(view, "he") == "12 is settled, nobody waits> ");
    check_refused(view, "hello", "nobody else waits");
  }
}

TEST_CASE("what was begun while nobody waited answers nobody") {
  DeskView view;
  CHECK(prompt(view, "") == "nobody waits> ");
  check_refused(view, "hello", "nobody waits for an answer");
  CHECK(prompt(view, "h") == "nobody waits> ");
  view.apply(event(DeskEvent::Kind::message, 12));
  CHECK(prompt(view, "he") == "1 waiting> ");
  check_refused(view, "hello", "nobody waited when you began to type");
}

TEST_CASE("a message that is being answered is nobody's target") {
  DeskView view = with({12, 13});
  view.begin_answer(12);
  CHECK(prompt(view, "") == "1 waiting, Enter answers 13> ");
  check_refused(view, "12 again", "12 is being answered by you");
  SUBCASE("taken") {
    view.settle(12, "was answered by you");
    CHECK_FALSE(view.waits(12));
    check_refused(view, "12 again", "12 was answered by you");
  }
  SUBCASE("not taken, and it still waits") {
    view.take_back(12);
    CHECK(prompt(view, "") == "2 waiting, Enter answers 12> ");
  }
  SUBCASE("somebody else was quicker") {
    view.apply(event(DeskEvent::Kind::answered, 12, "bob"));
    view.take_back(12);
    CHECK(prompt(view, "") == "1 waiting, Enter answers 13> ");
  }
  SUBCASE("twice") {
    view.begin_answer(12);
    view.take_back(12);
    CHECK(prompt(view, "") == "2 waiting, Enter answers 12> ");
  }
}

TEST_CASE("commands") {
  const DeskView view = with({12});
  CHECK(view.read("/list").kind == Line::list);
  CHECK(view.read("/help").kind == Line::help);
  CHECK(view.read("/quit").kind == Line::quit);
  CHECK(view.read("/show 12").kind == Line::show);
  CHECK(view.read("/show 12").id == 12);
  check_answer(view, "/reply 12 5 apples", 12, "5 apples");
  check_answer(view, "/reply 99 the server knows", 99, "the server knows");
  const DeskLine reject = view.read("/reject 12 not here");
  CHECK(reject.kind == Line::reject);
  CHECK(reject.id == 12);
  CHECK(reject.text == "not here");
  check_refused(view, "/reject 12", "/reject takes a number and a reason");
  check_refused(view, "/reject why", "/reject takes");
  check_refused(view, "/reply 12 ", "/reply takes");
  check_refused(view, "/show", "/show takes the number");
  check_refused(view, "/show 12x", "/show takes");
  check_refused(view, "/nonsense", "there is no /nonsense");
  check_refused(view, "/", "there is no /;");
}

TEST_CASE("a list mends what was missed") {
  DeskView view = with({12, 13});
  view.begin_answer(13);
  DeskList list;
  list.waiting.resize(2);
  list.waiting[0].id = 13;
  list.waiting[1].id = 14;
  const DeskView::Difference difference = view.replace(list, view.newest());
  REQUIRE(difference.appeared.size() == 1);
  CHECK(difference.appeared[0].id == 14);
  CHECK(difference.vanished == std::vector<MessageId>{12});
  CHECK(view.open() == std::vector<MessageId>{14});
  check_refused(view, "12 x", "12 no longer waits");
  SUBCASE("what is being answered is told by its own reply") {
    CHECK(view.replace({}, view.newest()).vanished == std::vector<MessageId>{14});
    CHECK(view.waits(13));
  }
}

TEST_CASE("a list that is older than what was pushed since takes nothing back") {
  DeskView view = with({12, 13});
  const MessageId newest = view.newest();
  CHECK(newest == 13);
  view.apply(event(DeskEvent::Kind::answered, 12, "bob"));
  view.apply(event(DeskEvent::Kind::message, 14));
  DeskList list;  // as it was before both
  list.waiting.resize(2);
  list.waiting[0].id = 12;
  list.waiting[1].id = 13;
  const DeskView::Difference difference = view.replace(list, newest);
  CHECK(difference.appeared.empty());
  CHECK(difference.vanished.empty());
  CHECK(view.open() == std::vector<MessageId>{13, 14});
  check_refused(view, "12 x", "12 was answered by bob");
}

TEST_CASE("names from the server are safe to show, and another connection begins anew") {
  DeskView view = with({12});
  view.apply(event(DeskEvent::Kind::rejected, 12, "\x1b[2J"));
  check_refused(view, "12 x", "12 was rejected by \\x1b[2J");
  view.reset();
  check_refused(view, "12 x", "there is no message 12");
}

TEST_CASE("fates are remembered, but not for ever") {
  DeskView view = with({5000});
  for (MessageId id = 1; id <= 2000; ++id) view.apply(event(DeskEvent::Kind::gone, id));
  check_refused(view, "2000 x", "2000 is of a client that has gone");
  check_refused(view, "1 x", "there is no message 1;");
}

}  // namespace
