// SPDX-License-Identifier: MIT
#include "daemon/dump/dump.h"

#include <doctest/doctest.h>

#include <string>

#include "daemon/dispatch/handler_guard.h"
#include "daemon/records/error_stats.h"
#include "daemon/testing/fake_service.h"
#include "tests/unit/support/table_bench.h"

namespace reactord {
namespace {

using test::TableBench;

struct DumpBench : TableBench {
  explicit DumpBench(std::uint32_t clients = 100) : TableBench({.clients = clients, .admins = 2}) {}

  Dump dump(std::string_view why = "SIGUSR1") {
    return Dump({loop, table, loop_context, pending, events, service}, why);
  }
  std::string whole(std::string_view why = "SIGUSR1") {
    Dump one = dump(why);
    while (one.write_some()) continue;
    return std::string(one.text());
  }

  ErrorStats errors;
  HandlerGuard guard{clock, events};
  SlowLog slow_log;
  PendingReplies pending{table, guard, errors, slow_log};
  test::FakeService service;
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

TEST_CASE("a dump has who asked, the figures, tables and deadlines") {
  DumpBench bench;
  bench.service.sections = {"server", "stats"};
  bench.service.fields["server"] = {{"version", "1"}, {"os", "Li\"nux"}};
  bench.service.draining = true;
  const std::string text = bench.whole("a \"friend\"");
  CHECK(has(text, R"("why": "a \"friend\"")"));
  CHECK(has(text, R"("draining": "DRAIN ON")"));
  CHECK(has(text, "\"server\": {\"version\":\"1\",\"os\":\"Li\\\"nux\"},\n\"stats\": {}\n}"));
  CHECK(has(text, R"("tables": {"clients":0,"max_clients":100,"admins":0,"max_admins":2,)"));
  CHECK(has(text, R"("deadlines": {"first_request_ms":0,)"));
  CHECK(has(text, "\"connections\": [\n],\n"));
  CHECK(text.starts_with("{\n"));
  CHECK(text.ends_with("\n}\n"));
}

TEST_CASE("a dump has a line for each connection, with names of any bytes") {
  DumpBench bench;
  bench.open(bench.open_to_all).session().set_name("\"\\\xff</script>");
  bench.open(bench.admin);
  const std::string text = bench.whole();
  CHECK(has(text, R"("peer":"10.0.0.1:1000")"));
  CHECK(has(text, R"("name":"\"\\\\\\xff</script>")"));
  CHECK(count(text, "\n{\"client\":") == 2);
  CHECK(count(text, "\"is_admin\":true") == 1);
  CHECK(count(text, R"("state":"open","input":"flowing","kept":"nothing")") == 2);
}

TEST_CASE("a dump shows a bounded part of a name") {
  DumpBench bench;
  bench.open(bench.open_to_all).session().set_name(std::string(10'000, 'x'));
  const std::string text = bench.whole();
  CHECK(has(text, "\"" + std::string(256, 'x') + "...\""));
  CHECK(text.size() < 5000);
}

TEST_CASE("a dump tells which deadline runs, and for how long yet") {
  DumpBench bench;
  bench.loop_context.deadlines.first_request.set_length(std::chrono::seconds(60));
  bench.open(bench.open_to_all);
  CHECK(has(bench.whole(), R"("input_deadline":{"kind":"first_request","left_ms":60000})"));
  CHECK_FALSE(has(bench.whole(), "output_deadline"));
}

TEST_CASE("a dump is written in small parts, however many connections there are") {
  DumpBench bench(200);
  for (int i = 0; i < 200; ++i) bench.open(bench.open_to_all);
  Dump dump = bench.dump();
  std::size_t told = 0;
  int parts = 0;
  bool has_more = true;
  while (has_more) {
    has_more = dump.write_some();
    const std::size_t now = count(dump.text(), "\n{\"client\":");
    CHECK(now - told <= 24);
    told = now;
    ++parts;
  }
  CHECK(told == 200);
  CHECK(parts >= 9);
  CHECK_FALSE(dump.write_some());
}

TEST_CASE("a dump counts events, and has the latest records") {
  DumpBench bench;
  bench.events.count(Event::refused_full);
  const std::string text = bench.whole();
  CHECK(has(text, R"("event_counts": {"refused_full":1})"));
  CHECK(has(text, "\"latest_events\": [\n]"));
}

}  // namespace
}  // namespace reactord
