// SPDX-License-Identifier: MIT
// OPERATOR and TEXT's mode "operator", through the handler.
#include <doctest/doctest.h>

#include <string>

#include "daemon/handlers/job/text.h"
#include "daemon/interface/registry.h"
#include "daemon/testing/handler_bench.h"

using namespace reactord;
using reactord::test::HandlerBench;

namespace {

HandlerEntry operator_text_entry() {
  for (const HandlerEntry& entry : handler_entries())
    if (entry.name == "text") return entry;
  FAIL("no text handler");
  return handler_entries()[0];
}

struct OperatorBench : HandlerBench {
  TextSettings settings;

  OperatorBench() : HandlerBench(operator_text_entry()) {
    settings.mode = TextMode::human;
    reload();
    encoding = ReplyEncoding::plain;
  }
  void reload() { handler("text").reload(&settings); }
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("TEXT with no operator attached gets the fallback at once") {
  OperatorBench bench;
  CHECK(bench.send("TEXT hello") == "(error) ERR no operator answered; try again later\n");
  CHECK(bench.result == HandlerResult::replied);
  REQUIRE(TextTemplate::parse("{peer}: come back, {bytes}", bench.settings.operator_fallback) ==
          "");
  bench.reload();
  CHECK(bench.send("TEXT hello") == "127.0.0.1:50000: come back, 5\n");
}

TEST_CASE("TEXT waits for an attached operator, within bounds") {
  OperatorBench bench;
  bench.settings.operator_max_waiting = 1;
  bench.reload();
  CHECK(has(bench.send("OPERATOR JOIN ada"), "name: ada\nmode: operator\nwaiting: 0\n"));
  CHECK(bench.send("TEXT hello") == "");
  CHECK(bench.result == HandlerResult::pending);
  CHECK(bench.send("TEXT full") == "(error) ERR no operator answered; try again later\n");
  CHECK(bench.request({"TEXT", std::string((64 << 10) + 1, 'x')}) ==
        "(error) ERR a person reads the messages here: at most 65536 bytes, not 65537\n");
  (void)bench.context.take_output();
  CHECK(bench.request({"OPERATOR", "REPLY", "1", "hi  there"}) == "OK\n");
  CHECK(bench.context.take_output() == "hi  there\n");
  CHECK(bench.request({"OPERATOR", "REPLY", "1", "more"}) ==
        "(error) ERR message 1 was answered by ada\n");
}

TEST_CASE("OPERATOR JOIN needs pushes, a name that fits a line, and is done once") {
  OperatorBench bench;
  bench.encoding = ReplyEncoding::resp2;
  CHECK(bench.send("OPERATOR JOIN") ==
        "-ERR OPERATOR JOIN pushes messages, which needs RESP3: send HELLO 3 first\r\n");
  bench.encoding = ReplyEncoding::resp3;
  CHECK(bench.request({"OPERATOR", "JOIN", "two words"}).starts_with("-ERR Operator names"));
  CHECK(bench.request({"OPERATOR", "JOIN", ""}) == "-ERR an operator needs a name\r\n");
  CHECK(bench.send("OPERATOR LEAVE") == "-ERR you have not joined\r\n");
  CHECK(has(bench.send("OPERATOR JOIN"), "operator-7"));
  CHECK(bench.send("OPERATOR JOIN") == "-ERR you have joined as operator-7 already\r\n");
  CHECK(bench.send("OPERATOR LEAVE") == "+OK\r\n");
  bench.context.own_session.set_name("night");
  CHECK(has(bench.send("OPERATOR JOIN"), "night"));
}

TEST_CASE("OPERATOR LIST shows who is there and what waits, long messages shortened") {
  OperatorBench bench;
  bench.send("OPERATOR JOIN ada");
  const std::string message = std::string(1023, 'x') + "\xc3\xa9" + "tail";
  bench.request({"TEXT", message});
  bench.service.time = bench.context.time += std::chrono::milliseconds(1500);
  bench.encoding = ReplyEncoding::resp2;
  const std::string list = bench.send("OPERATOR LIST");
  CHECK(has(list, "$4\r\nmode\r\n$8\r\noperator\r\n"));
  CHECK(has(list, "$4\r\nname\r\n$3\r\nada\r\n"));
  CHECK(has(list, "$10\r\nwaiting_ms\r\n:1500\r\n$5\r\nbytes\r\n:1029\r\n$4\r\ntext\r\n$1023\r\n"));
  CHECK(has(bench.send("OPERATOR LIST 1"), "$1029\r\n" + message + "\r\n"));
  CHECK(bench.send("OPERATOR LIST 2") == "-ERR there is no message 2\r\n");
  CHECK(has(bench.send("OPERATOR LIST x"), "-ERR a message's id is a whole number"));
}

TEST_CASE("OPERATOR LIST of many is written in slices") {
  OperatorBench bench;
  bench.send("OPERATOR JOIN ada");
  for (int i = 0; i < 1000; ++i) bench.request({"TEXT", std::string(2000, 'x')});
  const std::string list = bench.send("OPERATOR LIST");
  CHECK(bench.slices > 10);
  CHECK(bench.longest_slice_bytes < 128u << 10);
  CHECK(has(list, "id: 1000\n"));
}

TEST_CASE("a reload to template keeps what waits, and tells the operators") {
  OperatorBench bench;
  bench.send("OPERATOR JOIN ada");
  bench.send("TEXT one");
  (void)bench.context.take_output();
  bench.settings.mode = TextMode::text_template;
  bench.reload();
  CHECK(bench.context.take_output() == "operator mode template\n");
  CHECK(bench.send("TEXT two") == "two\n");
  CHECK(bench.send("OPERATOR REPLY 1 late") == "OK\n");
  CHECK(bench.context.take_output() == "late\n");
}

TEST_CASE("the stop of the daemon answers what waits, and what comes after") {
  OperatorBench bench;
  bench.send("OPERATOR JOIN ada");
  bench.send("TEXT one");
  (void)bench.context.take_output();
  bench.handler("text").stop();
  CHECK(has(bench.context.take_output(), "(error) ERR no operator answered; try again later\n"));
  CHECK(bench.send("TEXT two") == "(error) ERR no operator answered; try again later\n");
}
