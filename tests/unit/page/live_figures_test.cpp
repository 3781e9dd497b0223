// SPDX-License-Identifier: MIT
#include "daemon/page/live_figures.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "daemon/page/page_feeds.h"
#include "tests/unit/support/page_bench.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;
using test::PageBench;

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++count;
  return count;
}

bool has(std::string_view text, std::string_view part) {
  const bool is_there = text.find(part) != text.npos;
  if (!is_there) MESSAGE(text);
  return is_there;
}

TEST_CASE("page figures: nothing runs until somebody looks, nor a minute after the last one") {
  PageBench page;
  page.pass(1s);
  CHECK_FALSE(page.live.is_running());
  CHECK_FALSE(page.bench.loop.timers().next());
  page.live.look();
  CHECK(page.live.number() == 1);
  page.pass(1s);
  CHECK(page.live.number() == 2);
  for (int i = 0; i < 58; ++i) page.pass(1s);
  CHECK(page.live.is_running());
  page.pass(2s);
  page.pass(1s);
  CHECK_FALSE(page.live.is_running());
  CHECK_FALSE(page.bench.loop.timers().next());
  CHECK(page.news == static_cast<int>(60));
  page.live.look();
  CHECK(page.live.number() == 61);  // goes on counting: an id is never of two seconds
}

TEST_CASE("page figures: a point for each second, five minutes of them") {
  PageBench page;
  page.seconds(3);
  CHECK(page.live.points_since(0).starts_with("[{\"n\":2,\"t\":"));
  CHECK(count_of(page.live.points_since(0), "\"n\":") == 3);
  CHECK(count_of(page.live.points_since(3), "\"n\":") == 1);
  CHECK(page.live.points_since(4) == "[]");
  page.seconds(400);
  CHECK(count_of(page.live.points_since(0), "\"n\":") == 300);
}

TEST_CASE("page figures: what a second was") {
  PageBench page;
  page.stats(3).calls = 50;
  page.stats(3).note_latency(page.bench.clock.now() - 5ms, page.bench.clock.now(), 50);
  page.seconds(1);
  page.stats(3).calls += 7;
  page.stats(3).note_latency(page.bench.clock.now() - 1ms, page.bench.clock.now(), 7);
  (void)page.bench.open(page.bench.open_to_all);
  page.bench.events.count(Event::closed_idle);
  page.bench.events.count(Event::refused_full);
  page.seconds(1);
  const std::string points = page.live.points_since(2);
  CHECK(has(points, "\"opened\":1,\"closed\":1,\"refused\":1}"));
  CHECK(has(points, "\"latency\":[100"));  // of the 7 alone: a millisecond, right to one percent
  CHECK(
      has(page.live.part(PagePart::commands),
          "{\"name\":\"" + page.commands.by_number()[3]->full_name + "\",\"now\":7,\"calls\":57,"));
  CHECK(has(page.live.part(PagePart::ends), "[{\"reason\":\"idle\",\"count\":1}]"));
  CHECK(has(page.live.part(PagePart::limits), "{\"reason\":\"full\",\"count\":1}"));
  CHECK(has(page.live.part(PagePart::state), "\"certificate_days\":30"));
}

TEST_CASE("page figures: the busiest commands of the last second come first") {
  PageBench page;
  for (std::size_t i = 0; i < 30; ++i) page.stats(i).calls = 100 + i;
  page.seconds(1);
  page.stats(4).calls += 5;
  page.seconds(1);
  const std::string_view commands = page.live.part(PagePart::commands);
  CHECK(commands.starts_with("[{\"name\":\"" + page.commands.by_number()[4]->full_name));
  CHECK(count_of(commands, "\"name\"") == 20);
}

TEST_CASE("page figures: no names that break the JSON") {
  PageBench page;
  page.service.known_settings = {{"user.name", std::string(2000, '"')}};
  page.service.fake_diagnostics.requests.assign(
      40, std::make_shared<const SlowRequest>(
              SlowRequest{.words = {"GET", std::string(5000, '\\')}, .client_name = "\"\n\x1b"}));
  page.seconds(1);
  CHECK(has(page.live.part(PagePart::slow), R"("name":"\"\\n\\x1b"})"));
  CHECK(count_of(page.live.part(PagePart::slow), "\"id\"") == 12);
  CHECK(page.live.part(PagePart::slow).size() < 12 * 1000);
  CHECK(config_json(page.sources).size() < 1200);
}

TEST_CASE("page figures: many connections are walked in slices, others in between") {
  PageBench page(1300);
  for (int i = 0; i < 1300; ++i)
    page.bench.open(page.bench.open_to_all, static_cast<std::uint8_t>(i));
  page.pass(0ms);  // the kernel tells the loop of them
  page.pass(0ms);
  page.live.look();
  CHECK(page.live.number() == 0);
  page.pass(1ms);
  CHECK(page.live.number() == 0);
  page.pass(1ms);
  CHECK(page.live.number() == 1);
}

TEST_CASE("page figures: the busiest clients of the last second, a few of them") {
  PageBench page(100);
  std::vector<Connection*> connections;
  for (int i = 0; i < 100; ++i) connections.push_back(&page.bench.open(page.bench.open_to_all));
  for (int i = 0; i < 9; ++i) connections[7]->note_command(0);
  BusyClients busy(page.bench.table);
  const auto walk = [&busy] {
    busy.begin_walk();
    while (!busy.walk_on()) continue;
    return busy.busiest();
  };
  CHECK(walk().size() == 20);
  CHECK(walk().front().requests == 0);
  for (int i = 0; i < 3; ++i) connections[50]->note_command(0);
  for (int i = 0; i < 4; ++i) connections[60]->note_command(0);
  const auto busiest = walk();
  CHECK(busiest[0].id == connections[60]->client_id());
  CHECK(busiest[0].requests == 4);
  CHECK(busiest[1].id == connections[50]->client_id());
  CHECK(busiest[2].id == connections[7]->client_id());
  CHECK(busiest[2].requests == 0);
}

// --- what is sent of it

std::string text_of(const Feed::Piece& piece) {
  return piece.text == nullptr ? "" : *piece.text;
}

TEST_CASE("page feeds: a stream begins with what there is, then tells each second once") {
  PageBench page;
  page.seconds(2);
  const auto feed = live_stream(page.live, "");
  const std::string first = text_of(feed->next());
  CHECK(first.starts_with(
      "retry: 2000\nevent: history\ndata: {\"run\":1000000,\"points\":[{\"n\":2"));
  CHECK(has(first, "\n\nevent: second\nid: 1000000-3\ndata: {\"n\":3,\"point\":{\"n\":3,"));
  CHECK(text_of(feed->next()) == "");
  page.seconds(1);
  const Feed::Piece second = feed->next();
  CHECK(second.text == page.live.event());  // shared by all
  CHECK(second.text->starts_with("event: second\nid: 1000000-4\ndata: {"));
  CHECK(second.text->ends_with("}\n\n"));
}

TEST_CASE("page feeds: who comes back, or was too slow, gets what it has missed") {
  PageBench page;
  page.seconds(5);
  const auto points_of = [](const std::string& text) {
    return count_of(text.substr(0, text.find("\n\n")), "\"n\":");
  };
  const auto feed = live_stream(page.live, "1000000-4");
  CHECK(points_of(text_of(feed->next())) == 2);
  page.seconds(3);
  CHECK(points_of(text_of(feed->next())) == 3);
  // Ids of another process, and no ids, are of nothing that is known here.
  for (const std::string_view id : {"999-4", "1000000-", "1000000-4x", "x", "1000000--1"})
    CHECK(points_of(text_of(live_stream(page.live, id)->next())) == 8);
}

TEST_CASE("page feeds: a stream keeps the figures going, and is told of the first") {
  PageBench page(600);
  for (int i = 0; i < 600; ++i) page.bench.open(page.bench.open_to_all);
  const auto feed = live_stream(page.live, "");
  CHECK(text_of(feed->next()) == "");
  page.pass(1ms);
  CHECK(page.news == 1);
  CHECK(has(text_of(feed->next()), "\"point\":null"));
}

TEST_CASE("page feeds: an answer that waits for the first figures is one piece") {
  PageBench page(600);
  for (int i = 0; i < 600; ++i) page.bench.open(page.bench.open_to_all);
  const auto feed = first_figures(page.live, [](const LiveFigures&) { return "[]"; });
  CHECK(text_of(feed->next()) == "");
  page.pass(1ms);
  const Feed::Piece piece = feed->next();
  CHECK(text_of(piece) == "[]");
  CHECK_FALSE(piece.is_end);
  CHECK(feed->next().is_end);
}

}  // namespace
}  // namespace reactord
