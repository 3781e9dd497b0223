// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/operator/desk_text.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace {

using namespace reactord::cli;
using namespace std::chrono_literals;
using Kind = DeskEvent::Kind;

constexpr DeskStyle kTerminal{DeskForm::terminal, false, false};
constexpr DeskStyle kColored{DeskForm::terminal, true, false};
constexpr DeskStyle kPlain{DeskForm::plain, false, false};
constexpr DeskStyle kJson{DeskForm::json, false, false};

WaitingMessage message(std::string text) {
  WaitingMessage out;
  out.id = 12;
  out.peer = "127.0.0.1:50312";
  out.bytes = text.size();
  out.text = std::move(text);
  return out;
}

DeskEvent event(Kind kind, std::string name = "bob") {
  DeskEvent out;
  out.kind = kind;
  out.message.id = 12;
  out.name = std::move(name);
  out.count = 3;
  return out;
}

TEST_CASE("ages") {
  CHECK(format_age(-1ms) == "0s");
  CHECK(format_age(999ms) == "0s");
  CHECK(format_age(59s) == "59s");
  CHECK(format_age(185s) == "3m05s");
  CHECK(format_age(2h + 3min) == "2h03m");
  CHECK(format_age(51h) == "2d03h");
}

TEST_CASE("a message for a terminal") {
  CHECK(message_text(message("hello there"), kTerminal) ==
        "12  127.0.0.1:50312  0s  hello there\n");
  CHECK(message_text(message("hello"), kColored) ==
        "\x1b[1m12\x1b[0m  127.0.0.1:50312  0s  hello\n");
  WaitingMessage finished = message("hi");
  finished.finished = true;
  finished.waited = 61s;
  CHECK(message_text(finished, kTerminal) ==
        "12  127.0.0.1:50312  1m01s  hi (has finished sending, still waits)\n");
}

TEST_CASE("nothing of a client drives a terminal, or looks like another message") {
  WaitingMessage evil = message("\x1b[2Jgr\u00fc\u00dfe\n13  peer  0s  forged\r\n\tend\n");
  evil.peer = "\x1b]0;x\x07";
  CHECK(message_text(evil, kTerminal) ==
        "12  \\x1b]0;x\\x07  0s  \\x1b[2Jgr\u00fc\u00dfe\n"
        "    | 13  peer  0s  forged\n"
        "    | \\tend\n");
  CHECK(message_text(evil, kPlain) ==
        "message 12 \\x1b]0;x\\x07 open "
        "\\x1b[2Jgr\u00fc\u00dfe\\n13  peer  0s  forged\\r\\n\\tend\\n\n");
  CHECK(event_text(event(Kind::joined, "\x1b[5m"), "me", kTerminal) == "\\x1b[5m joined\n");
  CHECK(event_text(event(Kind::left, "a\nb"), "me", kPlain) == "left a\\nb\n");
}

TEST_CASE("a long message is cut on a terminal, and whole on request") {
  const std::string many_lines = [] {
    std::string text;
    for (int i = 0; i < 30; ++i) text += "x\n";
    return text;
  }();
  const std::string shown = message_text(message(many_lines), kTerminal);
  CHECK(std::count(shown.begin(), shown.end(), 'x') == 12);
  CHECK(shown.ends_with("| x ... (60 bytes; /show 12)\n"));
  CHECK(message_text(message(many_lines), kTerminal, true).find("/show") == std::string::npos);
  // Not inside a character.
  std::string wide(999, 'y');
  wide += "\u6f22\u6f22";
  CHECK(message_text(message(wide), kTerminal).ends_with("y ... (1005 bytes; /show 12)\n"));
  WaitingMessage beginning = message("only the");
  beginning.bytes = 5000;
  CHECK(message_text(beginning, kTerminal).ends_with("only the ... (5000 bytes; /show 12)\n"));
}

TEST_CASE("events for people") {
  CHECK(event_text(event(Kind::answered), "me", kTerminal) == "12  answered by bob\n");
  CHECK(event_text(event(Kind::answered), "bob", kTerminal) == "12  answered by you\n");
  CHECK(event_text(event(Kind::answered), "me", kColored) == "\x1b[2m12  answered by bob\x1b[0m\n");
  CHECK(event_text(event(Kind::uncertain), "me", kColored)
            .starts_with("\x1b[33m12  answered by bob"));
  CHECK(event_text(event(Kind::dropped), "me", kTerminal).starts_with("3 events are missing"));
  CHECK(event_text(event(Kind::mode, "operator"), "me", kTerminal) ==
        "mode operator: new messages wait for an operator\n");
  CHECK(vanished_text(12, kTerminal) == "12  no longer waits\n");
}

TEST_CASE("events for scripts have the words of the server's plain pushes") {
  CHECK(event_text(event(Kind::finished), "me", kPlain) == "finished 12\n");
  CHECK(event_text(event(Kind::gone), "me", kPlain) == "gone 12\n");
  CHECK(event_text(event(Kind::answered), "me", kPlain) == "answered 12 bob\n");
  CHECK(event_text(event(Kind::rejected), "me", kPlain) == "rejected 12 bob\n");
  CHECK(event_text(event(Kind::expired), "me", kPlain) == "expired 12\n");
  CHECK(event_text(event(Kind::uncertain), "me", kPlain) == "uncertain 12 bob\n");
  CHECK(event_text(event(Kind::joined), "me", kPlain) == "joined bob\n");
  CHECK(event_text(event(Kind::dropped), "me", kPlain) == "dropped 3\n");
  CHECK(event_text(event(Kind::mode, "template"), "me", kPlain) == "mode template\n");
  CHECK(vanished_text(12, kPlain) == "vanished 12\n");
}

TEST_CASE("JSON") {
  CHECK(message_text(message("a\n\"b\""), kJson) ==
        R"({"event":"message","id":12,"peer":"127.0.0.1:50312","state":"open","waiting_ms":0,)"
        R"("bytes":5,"text":"a\n\"b\""})"
        "\n");
  CHECK(message_text(message("\xff"), kJson).find(R"("text":{"base64":"/w=="})") !=
        std::string::npos);
  CHECK(event_text(event(Kind::gone), "me", kJson) == "{\"event\":\"gone\",\"id\":12}\n");
  CHECK(event_text(event(Kind::answered), "me", kJson) ==
        "{\"event\":\"answered\",\"id\":12,\"by\":\"bob\"}\n");
  CHECK(event_text(event(Kind::left), "me", kJson) == "{\"event\":\"left\",\"name\":\"bob\"}\n");
  CHECK(event_text(event(Kind::dropped), "me", kJson) == "{\"event\":\"dropped\",\"count\":3}\n");
  CHECK(event_text(event(Kind::mode, "x"), "me", kJson) == "{\"event\":\"mode\",\"mode\":\"x\"}\n");
  CHECK(vanished_text(12, kJson) == "{\"event\":\"vanished\",\"id\":12}\n");
  CHECK(error_json(0, "ERR no", kJson) == "{\"event\":\"error\",\"error\":\"ERR no\"}\n");
  CHECK(error_json(12, "ERR no", kJson) ==
        "{\"event\":\"error\",\"id\":12,\"error\":\"ERR no\"}\n");
}

TEST_CASE("a long list: a terminal gets a screen of it, a program all") {
  DeskList list;
  list.mode = "operator";
  list.waiting.assign(kMaxListed, message("hi"));
  CHECK(list_text(list, "me", kTerminal).find(" more") == std::string::npos);
  list.waiting.push_back(message("beyond"));
  const std::string shown = list_text(list, "me", kTerminal);
  CHECK(shown.find("... and 1 more, each shown when its turn comes\n") != std::string::npos);
  CHECK(shown.find("beyond") == std::string::npos);
  for (const DeskStyle style : {kPlain, kJson})
    CHECK(list_text(list, "me", style).find("beyond") != std::string::npos);
}

TEST_CASE("a list") {
  DeskList list;
  list.mode = "operator";
  CHECK(list_text(list, "me", kTerminal) == "nobody waits\noperators: none\n");
  list.mode = "template";
  list.operators = {{"me", 3, 0}, {"bob", 5, 2}};
  list.waiting = {message("hi")};
  list.waiting[0].waited = 34s;
  CHECK(list_text(list, "me", kTerminal) ==
        "12  127.0.0.1:50312  34s  hi\n"
        "operators: me (you, 3 answered), bob (5 answered, 2 events missed)\n"
        "mode template: new messages are answered without an operator; what waits stays\n");
  CHECK(list_text(list, "me", kPlain) ==
        "waiting 12 127.0.0.1:50312 open 34000 hi\noperator me 3 0\noperator bob 5 2\n");
  CHECK(list_text(list, "me", kJson) ==
        R"({"event":"list","mode":"template","operators":[{"name":"me","answered":3,"dropped":0},)"
        R"({"name":"bob","answered":5,"dropped":2}],"waiting":[{"id":12,"peer":"127.0.0.1:50312",)"
        R"("state":"open","waiting_ms":34000,"bytes":2,"text":"hi"}]})"
        "\n");
}

}  // namespace
