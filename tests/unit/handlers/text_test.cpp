// SPDX-License-Identifier: MIT
#include "daemon/handlers/job/text.h"

#include <doctest/doctest.h>

#include <string>

#include "daemon/interface/registry.h"
#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

using test::HandlerBench;

const HandlerEntry& text_entry() {
  for (const HandlerEntry& entry : handler_entries()) {
    if (entry.name == "text") return entry;
  }
  FAIL("no text handler");
  return handler_entries()[0];
}

/// Sets a key as the loader does; returns the problem.
std::string set(TextSettings& settings, std::string_view name, std::string value) {
  for (const KeySpec& key : text_entry().table.keys) {
    if (key.name == name) return key.set(&settings, ConfigValue(std::move(value)), key.range);
  }
  return "no such key";
}

std::string answer(std::string_view reply_template, std::string_view message) {
  TextSettings settings;
  REQUIRE(set(settings, "reply", std::string(reply_template)) == "");
  HandlerBench bench(text_entry());
  bench.handler("text").reload(&settings);
  bench.encoding = ReplyEncoding::raw;
  return bench.request({"TEXT", message});
}

TEST_CASE("TEXT answers with the message itself by default") {
  HandlerBench bench;
  CHECK(bench.request({"TEXT", " two  blanks "}) == "$13\r\n two  blanks \r\n");
  CHECK(bench.request({"text", ""}) == "$0\r\n\r\n");
  CHECK(bench.result == HandlerResult::replied);
  bench.encoding = ReplyEncoding::plain;
  CHECK(bench.request({"TEXT", "a\nb"}) == "a\\nb\n");
}

TEST_CASE("TEXT takes the rest of its line as one message") {
  const CommandSpec& spec = HandlerBench().handler("text").commands()[0];
  CHECK(spec.rest_of_line);
  CHECK(spec.min_arguments == 1);
  CHECK(spec.max_arguments == 1);
}

TEST_CASE("TEXT logs the message at the level that is set") {
  HandlerBench bench;
  bench.send("TEXT hello");
  REQUIRE(bench.context.logged.size() == 1);
  CHECK(bench.context.logged[0].message == "hello");
  CHECK(bench.context.logged[0].level == HandlerLogLevel::info);

  TextSettings settings;
  REQUIRE(set(settings, "log_level", "warning") == "");
  bench.handler("text").reload(&settings);
  bench.send("TEXT hello");
  CHECK(bench.context.logged.at(1).level == HandlerLogLevel::warning);

  REQUIRE(set(settings, "log_level", "off") == "");
  bench.handler("text").reload(&settings);
  bench.send("TEXT hello");
  CHECK(bench.context.logged.size() == 2);
}

TEST_CASE("TEXT answers from a template") {
  CHECK(answer("{message}", "hi") == "hi");
  CHECK(answer("got {bytes} bytes from {peer}: {message}!", "hi") ==
        "got 2 bytes from 127.0.0.1:50000: hi!");
  CHECK(answer("", "hi") == "");
  CHECK(answer("thanks", "hi") == "thanks");
  CHECK(answer("{{{message}}}", "hi") == "{hi}");
  CHECK(answer("{{message}}", "hi") == "{message}");
  CHECK(answer("{message}{message}", "hi") == "hihi");
  CHECK(answer("{message}", "{bytes}") == "{bytes}");
}

TEST_CASE("what a template makes of a message has a bound, the message alone has none") {
  const std::string message((1u << 18) + 1, 'x');
  CHECK(answer("{message}", message) == message);
  CHECK(answer("{message}{message}{message}", message).size() == 3 * message.size());
  CHECK(answer("{message}{message}{message}{message}", message)
            .starts_with("ERR the message is too long for the answer's template: 262145 bytes"));
}

TEST_CASE("a template's mistakes are found when it is loaded") {
  TextSettings settings;
  CHECK(set(settings, "reply", "{mesage}") ==
        "the template has an unknown placeholder '{mesage}'; known are {message}, {bytes} and "
        "{peer}");
  CHECK(set(settings, "reply", "{}").find("unknown placeholder '{}'") != std::string::npos);
  CHECK(set(settings, "reply", "{message") ==
        "the template has a '{' without a '}'; a brace itself is written '{{'");
  CHECK(set(settings, "reply", "message}") ==
        "the template has a '}' without a '{'; a brace itself is written '}}'");
  CHECK(set(settings, "reply", "{message}{message}{message}{message}{message}") ==
        "the template repeats {message} 5 times; at most 4, because each use lets a reply grow");
  CHECK(set(settings, "reply", std::string(5000, 'x')) ==
        "the template has 5000 bytes; at most 4096 are allowed");
  CHECK(settings.reply.source() == "{message}");
  CHECK_FALSE(ValueTraits<TextTemplate>::parse(std::int64_t{5}, {}, settings.reply).empty());
}

TEST_CASE("TEXT's modes and levels are words") {
  TextSettings settings;
  CHECK(set(settings, "mode", "template") == "");
  CHECK_FALSE(set(settings, "mode", "oracle").empty());
  CHECK_FALSE(set(settings, "log_level", "loud").empty());
}

TEST_CASE("TEXT's settings are shown as the file would have them") {
  TextSettings settings;
  REQUIRE(set(settings, "reply", "{{{message}}}") == "");
  for (const KeySpec& key : text_entry().table.keys) {
    const ConfigValue shown = key.get(&settings);
    if (key.name == "mode") CHECK(std::get<std::string>(shown) == "template");
    if (key.name == "reply") CHECK(std::get<std::string>(shown) == "{{{message}}}");
    if (key.name == "log_level") CHECK(std::get<std::string>(shown) == "info");
  }
}

}  // namespace
}  // namespace reactord
