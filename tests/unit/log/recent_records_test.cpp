// SPDX-License-Identifier: MIT
#include "daemon/log/recent_records.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "daemon/log/event_log.h"
#include "tests/unit/support/fake_clock.h"
#include "tests/unit/support/temporary_folder.h"

namespace reactord {
namespace {

std::vector<std::string> texts_of(const RecentRecords& recent) {
  std::vector<std::string> texts;
  recent.for_each([&](const RecentRecords::Record& record) { texts.push_back(record.text); });
  return texts;
}

TEST_CASE("recent records: the latest of them, oldest first") {
  RecentRecords recent;
  CHECK(texts_of(recent).empty());
  for (int i = 0; i < 70; ++i) recent.note(i, Event::ready, std::to_string(i), {});
  const std::vector<std::string> texts = texts_of(recent);
  REQUIRE(texts.size() == 64);
  CHECK(texts.front() == "6");
  CHECK(texts.back() == "69");
}

TEST_CASE("recent records: a long one is cut, never inside a character") {
  RecentRecords recent;
  recent.note(0, Event::ready, std::string(511, 'x') + "\u00fc and more", {});
  CHECK(texts_of(recent).front() == std::string(511, 'x'));
}

TEST_CASE("recent records: of what handlers say, the length") {
  RecentRecords recent;
  for (const Event event : {Event::handler_debug, Event::handler_info, Event::handler_warning})
    recent.note(0, event, "text: secret peer=x", {{"handler", "text"}, {"message", "secret"}});
  for (const std::string& text : texts_of(recent)) CHECK(text == "text: a message of 6 bytes");
}

TEST_CASE("recent records: the log notes what it tells") {
  const TemporaryFolder folder;
  const FakeClock clock;
  LogSettings settings;
  settings.level = LogLevel::info;
  settings.target = folder / "log";
  EventLog log(clock, settings);
  log.record(Event::listening, {{"address", "127.0.0.1:7"}});
  log.record(Event::connected, {{"peer", "127.0.0.1:8"}});  // of level debug
  std::vector<RecentRecords::Record> records;
  log.recent().for_each([&](const RecentRecords::Record& record) { records.push_back(record); });
  REQUIRE(records.size() == 1);
  CHECK(records[0].event == Event::listening);
  CHECK(records[0].text == "listening on 127.0.0.1:7");
  CHECK(records[0].time_ms > 0);
}

}  // namespace
}  // namespace reactord
