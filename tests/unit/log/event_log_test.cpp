// SPDX-License-Identifier: MIT
#include "daemon/log/event_log.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <set>
#include <sstream>

using namespace reactord;

namespace {

std::string text_of(MessageId id) {
  return fmt::format("{:016x}{:016x}", id.high, id.low);
}

std::string catalog() {
  std::ifstream file(REACTORD_SOURCE_DIR "/systemd/reactord.catalog");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the text of a record has its fields in place, and the others behind it") {
  CHECK(event_text(Event::refused_full, {{"peer", "127.0.0.1:7"}, {"listener", "main"}}) ==
        "refused 127.0.0.1:7: max_connections reached listener=main");
  CHECK(event_text(Event::ready, {{"command", "CEIL", true}}) == "ready");
  CHECK(event_text(Event::start_failed, {{"problem", "a\nb"}}) == "a\\nb");
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
