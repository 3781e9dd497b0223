// SPDX-License-Identifier: MIT
#include "daemon/log/event_log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "daemon/reactor/unique_fd.h"
#include "tests/unit/support/fake_clock.h"
#include "tests/unit/support/temporary_folder.h"

using namespace reactord;

namespace {

std::string text_of(MessageId id) {
  return fmt::format("{:016x}{:016x}", id.high, id.low);
}

std::string text_of_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string catalog() {
  return text_of_file(REACTORD_SOURCE_DIR "/systemd/reactord.catalog");
}

}  // namespace

TEST_CASE("the text of a record has its fields in place, and the others behind it") {
  CHECK(event_text(Event::refused_full, {{"peer", "127.0.0.1:7"}, {"listener", "main"}}) ==
        "refused 127.0.0.1:7: max_connections reached listener=main");
  CHECK(event_text(Event::ready, {{"command", "CEIL", true}}) == "ready");
  CHECK(event_text(Event::start_failed, {{"problem", "a\nb"}}) == "a\\nb");
}

TEST_CASE("what a client sends is never a placeholder, nor a field") {
  CHECK(event_text(Event::handler_info, {{"handler", "text"},
                                         {"message", "forged | {peer}{client}"},
                                         {"peer", "127.0.0.1:7"},
                                         {"client", "3"}}) ==
        "text: forged | {peer}{client} peer=127.0.0.1:7 client=3");
  CHECK(event_text(Event::closed_foreign, {{"peer", "{protocol}"}, {"protocol", "{peer}"}}) ==
        "{protocol} closed: it speaks {peer}");
  CHECK(event_text(Event::start_failed, {}) == "{problem}");
}

TEST_CASE("what cannot be seen is escaped, and nothing else") {
  for (const std::string_view hidden :
       {"\u00ad",     "\u034f",     "\u061c",     "\u115f",     "\u180e",     "\u200b",
        "\u200d",     "\u2028",     "\u2029",     "\u202e",     "\u2060",     "\u2066",
        "\u206f",     "\u2800",     "\u3164",     "\ue000",     "\ufe0f",     "\ufeff",
        "\uffa0",     "\ufff9",     "\U000110bd", "\U0001d173", "\U000e0001", "\U000e0041",
        "\U000e0100", "\U000f0000", "\U0010fffd", "\U00050000"}) {
    const std::string text = log_text(std::string(hidden));
    INFO(text);
    CHECK(text.size() == 4 * hidden.size());
    CHECK(text.starts_with("\\x"));
  }
  for (const std::string_view seen :
       {"a b", "\u00e9", "\u4e2d\u6587", "\U0001f600", "\u05e9", "\u00a0"})
    CHECK(log_text(seen) == seen);
  CHECK(log_text("a\u200bb\\") == "a\\xe2\\x80\\x8bb\\\\");
}

TEST_CASE("records of handlers are at most a hundred a second, and those left out are told") {
  const TemporaryFolder folder;
  FakeClock clock;
  {
    EventLog log(clock, {.target = folder / "log"});
    for (int i = 0; i < 1000; ++i) log.record(Event::handler_info, {{"message", "m"}});
    clock.advance(std::chrono::seconds(1));
    log.record(Event::handler_info, {{"message", "last"}});
    CHECK(log.count_of(Event::handler_info) == 1001);
  }
  const std::string text = text_of_file(folder / "log");
  CHECK(std::count(text.begin(), text.end(), '\n') == 101);
  CHECK(text.find("last (900 more like this before)") != std::string::npos);
}

TEST_CASE("what was left out at the end of a burst is told, too") {
  const TemporaryFolder folder;
  FakeClock clock;
  {
    EventLog log(clock, {.target = folder / "log"});
    CHECK_FALSE(log.has_left_out());
    for (int i = 0; i < 130; ++i) log.record(Event::handler_info, {{"message", "m"}});
    CHECK(log.has_left_out());
    log.tell_left_out();
    CHECK(log.has_left_out());  // it may go on
    clock.advance(EventLog::kLeftOutPause);
    log.tell_left_out();
    CHECK_FALSE(log.has_left_out());
    CHECK(log.count_of(Event::more_like_this) == 1);
    for (int i = 0; i < 3; ++i) log.record(Event::closed_idle, {{"peer", "p"}});
  }
  const std::string text = text_of_file(folder / "log");
  CHECK(text.find("info    30 more of handler_info were left out\n") != std::string::npos);
  CHECK(text.find("info    2 more of closed_idle were left out\n") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 100 + 1 + 1 + 1);
}

TEST_CASE("a log that takes nothing changes over to another") {
  const TemporaryFolder folder;
  const std::string fifo = folder / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const UniqueFd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  FakeClock clock;
  {
    EventLog log(clock, {.target = fifo});
    // More than a pipe holds: the writing thread waits for a reader that never reads.
    for (int i = 0; i < 400; ++i)
      log.record(Event::stopped_at_once, {{"signal", std::string(250, 'x')}});
    REQUIRE(log.reconfigure({.target = folder / "log"}) == "");
    log.record(Event::ready);
  }
  const std::string text = text_of_file(folder / "log");
  CHECK(text.find("ready\n") != std::string::npos);
  CHECK(text.find('x') != std::string::npos);
}

TEST_CASE("a log that cannot be written is told of when that begins and ends") {
  const TemporaryFolder folder;
  FakeClock clock;
  EventLog log(clock, {.target = "/dev/full"});
  for (int i = 0; i < 3; ++i) log.record(Event::stopped);
  while (log.dropped() < 3) std::this_thread::yield();
  CHECK(log.count_of(Event::log_unwritable) == 1);
  CHECK(log.count_of(Event::log_writable) == 0);
  REQUIRE(log.reconfigure({.target = folder / "log"}) == "");
  log.record(Event::ready);
  while (log.count_of(Event::log_writable) == 0) std::this_thread::yield();
  CHECK(log.count_of(Event::log_unwritable) == 1);
}

TEST_CASE("the fields of a record are lines") {
  CHECK(event_fields(Event::closed_idle,
                     {{"peer", "127.0.0.1:7"}, {"client", "3"}, {"command", "CEIL", true}}) ==
        "MESSAGE_ID=" + text_of(message_id_of("closed_idle")) +
            "\nREACTORD_EVENT=closed_idle\nREACTORD_CLOSE_REASON=idle\nREACTORD_PEER=127.0.0.1:7\n"
            "REACTORD_HOST=127.0.0.1\nREACTORD_CLIENT=3\nREACTORD_COMMAND=CEIL\n");
}

TEST_CASE("a field is one line, whatever is in it, and an empty one is left out") {
  const std::string fields = event_fields(
      Event::start_failed, {{"problem", "a\nPRIORITY=0"}, {"command", ""}, {"", "nameless"}});
  CHECK(fields.find("REACTORD_PROBLEM=a\\nPRIORITY=0\n") != std::string::npos);
  CHECK(fields.find("COMMAND") == std::string::npos);
  CHECK(fields.find("nameless") == std::string::npos);
}

TEST_CASE("a peer is found without its port, too") {
  const auto host_in = [](std::string peer) {
    const std::string fields = event_fields(Event::connected, {{"peer", std::move(peer)}});
    const std::size_t at = fields.find("REACTORD_HOST=");
    return fields.substr(at + 14, fields.find('\n', at) - at - 14);
  };
  CHECK(host_in("[2001:db8::1]:4711") == "2001:db8::1");
  CHECK(host_in("192.0.2.7:4711") == "192.0.2.7");
  CHECK(host_in("unix:") == "unix");
}

TEST_CASE("ids are UUIDs, each its own, and stay as they are") {
  std::set<std::string> ids;
  for (const EventSpec& spec : kEvents) {
    const std::string id = text_of(message_id_of(spec.name));
    CHECK(id[12] == '8');
    CHECK(std::string("89ab").find(id[16]) != std::string::npos);
    ids.insert(id);
  }
  CHECK(ids.size() == kEvents.size());
  CHECK(text_of(message_id_of("ready")) == "f02fa0cc376c83bcbfbf74deadd234cb");
}

TEST_CASE("the journal's catalog explains every event, in the order of the list") {
  const std::string text = catalog();
  std::size_t at = 0;
  for (const EventSpec& spec : kEvents) {
    const std::string head =
        fmt::format("\n# {}\n-- {}\nSubject: ", spec.name, text_of(message_id_of(spec.name)));
    INFO("systemd/reactord.catalog wants an entry that begins:", head);
    at = text.find(head, at);
    REQUIRE(at != std::string::npos);
  }
}

TEST_CASE("the journal's catalog explains nothing else") {
  const std::string text = catalog();
  std::size_t entries = 0;
  for (std::size_t at = 0; (at = text.find("\n-- ", at)) != std::string::npos; ++at) ++entries;
  CHECK(entries == kEvents.size());
}

TEST_CASE("kinds of events have other levels, the last that fits") {
  EventLevels levels;
  CHECK(levels.of(Event::connected) == LogLevel::debug);
  CHECK(levels.set(std::vector<std::string>{"closed_* = error", "closed_quit=off",
                                            "  connected  =  info  "}) == "");
  CHECK(levels.of(Event::connected) == LogLevel::info);
  CHECK(levels.of(Event::closed_idle) == LogLevel::error);
  CHECK(levels.of(Event::ready) == LogLevel::info);
  CHECK(levels.reaches(Event::connected, LogLevel::info));
  CHECK_FALSE(levels.reaches(Event::connected, LogLevel::warning));
  CHECK_FALSE(levels.reaches(Event::closed_quit, LogLevel::trace));
  CHECK_FALSE(levels.reaches(Event::closed_idle, LogLevel::off));
}

TEST_CASE("levels that are none change nothing, and name what is meant") {
  EventLevels levels;
  REQUIRE(levels.set(std::vector<std::string>{"ready = off"}) == "");
  const auto problem = [&](const std::string& rule) {
    return levels.set(std::vector<std::string>{"ready = debug", rule});
  };
  CHECK(problem("conected = info").find("'connected'") != std::string::npos);
  CHECK(problem("conected_* = info").starts_with("log.levels: there is no event"));
  CHECK(problem("connected = loud").starts_with("log.levels: connected: "));
  CHECK(problem("connected").find("is no") != std::string::npos);
  CHECK(problem("= info") != "");
  CHECK(levels.of(Event::ready) == LogLevel::off);
}

TEST_CASE("requests: one in so many is taken, exactly, and so many in a second") {
  const TemporaryFolder folder;
  FakeClock clock;
  LogSettings settings;
  settings.target = folder / "log";
  settings.access_target = folder / "access";
  EventLog log(clock, settings);
  CHECK_FALSE(log.logs_requests());
  CHECK(log.set_access_sample(3) == "");
  std::vector<int> taken;
  for (int i = 1; i <= 10; ++i)
    if (log.takes_request()) taken.push_back(i);
  CHECK(taken == std::vector<int>{3, 6, 9});
  settings.access_sample = 1;
  settings.access_max_per_second = 5;
  CHECK(log.reconfigure(settings) == "");
  clock.advance(std::chrono::seconds(1));
  const auto take = [&](int requests) {
    int count = 0;
    for (int i = 0; i < requests; ++i) count += log.takes_request() ? 1 : 0;
    return count;
  };
  CHECK(take(100) == 5);
  CHECK(log.requests_left_out() == 95);
  clock.advance(std::chrono::seconds(1));
  CHECK(take(4) == 4);
  clock.advance(-std::chrono::seconds(100));  // it jumps
  CHECK(take(4) == 1);
  settings.access_target = folder / "no/such/folder";
  CHECK(log.reconfigure(settings) != "");
  CHECK(log.logs_requests());
}
