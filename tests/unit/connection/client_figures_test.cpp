// SPDX-License-Identifier: MIT
// What is counted of one client, and of one listener.
#include "daemon/connection/client_figures.h"

#include <doctest/doctest.h>

#include <string>

#include "daemon/connection/listener_latency.h"
#include "tests/unit/support/table_bench.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

TEST_CASE("client figures: sums, and the longest to one percent") {
  ClientFigures figures;
  CHECK(figures.longest_latency() == 0ns);
  figures.add_work(300ns);
  figures.add_work(-1s);  // a clock that goes backwards
  figures.add_answers(1500ns, 16);
  figures.add_answers(2ms, 1);
  figures.add_answers(1ms, 1);
  CHECK(figures.work() == 300ns);
  CHECK(figures.latency() == 3024us);
  CHECK(figures.longest_latency() > 1980us);
  CHECK(figures.longest_latency() < 2020us);
}

TEST_CASE("client figures: a century of waiting") {
  ClientFigures figures;
  for (int year = 0; year < 100; ++year) figures.add_answers(std::chrono::hours(365 * 24), 1);
  CHECK(figures.latency() == std::chrono::hours(100 * 365 * 24));
  CHECK(figures.longest_latency() > 17min);  // the longest that is told apart
}

TEST_CASE("client figures: the latest error stays") {
  ClientFigures figures;
  figures.note_error(7);
  figures.note_error(0);
  CHECK(figures.latest_error() == 7);
}

TEST_CASE("listener latency: by name, so that a reload goes on with it, and of so many") {
  test::TableBench bench({.clients = 1, .admins = 1});
  ListenerLatency& latencies = bench.loop_context.latencies;
  latencies.record(bench.open_to_all, 1ms, 2);  // it has no name
  CHECK(latencies.by_name().empty());
  const std::string name = "main";
  ListenerPolicy before{.loop_context = bench.loop_context, .listener = &name};
  ListenerPolicy after{.loop_context = bench.loop_context, .listener = &name};
  latencies.record(before, 1ms, 2);
  latencies.record(after, 3ms, 1);
  REQUIRE(latencies.by_name().size() == 1);
  CHECK(latencies.by_name().at("main").count() == 3);
  CHECK(latencies.by_name().at("main").most() == 3'000'000);
  for (int i = 0; i < 100; ++i) {
    const std::string other = std::to_string(i);
    latencies.record(ListenerPolicy{.loop_context = bench.loop_context, .listener = &other}, 1ms,
                     1);
  }
  CHECK(latencies.by_name().size() == 64);
}

}  // namespace
}  // namespace reactord
