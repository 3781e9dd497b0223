// SPDX-License-Identifier: MIT
#include "daemon/log/record_format.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "daemon/log/event_text.h"

using namespace reactord;

namespace {

std::string line(LogFormat format, std::string_view text_and_fields) {
  return format_record(format, {"2026-01-02T03:04:05.678Z", "info", text_and_fields});
}

}  // namespace

TEST_CASE("text is the time, the level and the text alone") {
  CHECK(line(LogFormat::text, "ready\nREACTORD_EVENT=ready\n") ==
        "2026-01-02T03:04:05.678Z info    ready\n");
}

TEST_CASE("json has the journal's fields behind time, level and message") {
  CHECK(line(LogFormat::json, "it said \"a\\x00\"\nMESSAGE_ID=1\nREACTORD_PEER=[::1]:7\n") ==
        "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"info\","
        "\"message\":\"it said \\\"a\\\\x00\\\"\",\"message_id\":\"1\","
        "\"reactord_peer\":\"[::1]:7\"}\n");
  CHECK(line(LogFormat::json, "ready") ==
        "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"info\",\"message\":\"ready\"}\n");
}

TEST_CASE("logfmt quotes what would not be one word, and nothing else") {
  CHECK(line(LogFormat::logfmt,
             "ready\nREACTORD_A=b\nREACTORD_C=d=e\nREACTORD_F=\"\n"
             "REACTORD_G=\\x00\nREACTORD_H=\n") ==
        "time=2026-01-02T03:04:05.678Z level=info message=ready reactord_a=b reactord_c=\"d=e\" "
        "reactord_f=\"\\\"\" reactord_g=\"\\\\x00\" reactord_h=\"\"\n");
}

TEST_CASE("any byte of a client, and any event, gives one valid object") {
  for (const EventSpec& spec : kEvents) {
    const auto event = static_cast<Event>(&spec - kEvents.data());
    for (int byte = 0; byte < 256; ++byte) {
      const std::string hostile = fmt::format("x{}\xc3", static_cast<char>(byte));
      const EventFields fields = {{"peer", hostile}, {"message", hostile}, {"problem", hostile}};
      const std::string text =
          line(LogFormat::json, event_text(event, fields) + '\n' + event_fields(event, fields));
      REQUIRE(text.find('\n') == text.size() - 1);
      const nlohmann::json object = nlohmann::json::parse(text);  // throws what fails the test
      REQUIRE(object.at("reactord_event") == std::string(spec.name));
      REQUIRE(object.at("reactord_message") == log_text(hostile));
      REQUIRE(object.at("message") == event_text(event, fields));
    }
  }
}
