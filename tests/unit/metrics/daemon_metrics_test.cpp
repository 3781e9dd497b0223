// SPDX-License-Identifier: MIT
#include "daemon/metrics/daemon_metrics.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/support/page_bench.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

std::size_t lines_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

std::vector<std::string> slices_of(const test::PageBench& page, MetricsFormat format) {
  MetricsText text(page.sources.metrics, format);
  std::vector<std::string> slices;
  while (!text.is_whole()) slices.push_back(text.next());
  return slices;
}

/// Everything that may have many samples has as many as may be.
struct FullPage : test::PageBench {
  static constexpr std::size_t kCommands = 300;
  FullPage() : PageBench(8, kCommands) {
    const TimePoint now = bench.clock.now();
    for (std::size_t i = 0; i < kCommands; ++i) stats(i).note_latency(now - 1ms, now);
    for (std::size_t i = 0; i < 2 * ListenerLatency::kMaxNames; ++i) {
      const std::string name = "listener" + std::to_string(i);
      bench.loop_context.latencies.record({.loop_context = bench.loop_context, .listener = &name},
                                          1ms, 1);
    }
  }
};

TEST_CASE("metrics: a slice has a bounded number of lines, whatever there is to tell") {
  const FullPage page;
  for (const MetricsFormat format : {MetricsFormat::prometheus, MetricsFormat::openmetrics}) {
    const std::vector<std::string> slices = slices_of(page, format);
    std::size_t lines = 0;
    for (const std::string& slice : slices) {
      CHECK(lines_of(slice) > 0);
      CHECK(lines_of(slice) < 2 * MetricsText::kLinesPerSlice);
      lines += lines_of(slice);
    }
    CHECK(lines > FullPage::kCommands * (6 + 20));
    CHECK(lines < FullPage::kCommands * (6 + 20) + ListenerLatency::kMaxNames * 20 + 500);
  }
}

TEST_CASE("metrics: slices leave nothing out, and tell nothing twice") {
  const FullPage page;
  std::string text;
  for (const std::string& slice : slices_of(page, MetricsFormat::openmetrics)) text += slice;
  CHECK(text.ends_with("# EOF\n"));
  for (std::size_t i = 0; i < FullPage::kCommands; ++i) {
    const std::string label = "{command=\"c" + std::to_string(i) + "\"} ";
    for (const std::string_view name :
         {"reactord_command_calls_total", "reactord_command_failures_total",
          "reactord_command_latency_seconds_count"}) {
      const std::size_t at = text.find(std::string(name) + label);
      REQUIRE(at != text.npos);
      CHECK(text.find(std::string(name) + label, at + 1) == text.npos);
    }
  }
  std::size_t families = 0;
  for (std::size_t at = 0; (at = text.find("# TYPE reactord_command_", at)) != text.npos; ++at)
    ++families;
  CHECK(families == 7);
}

TEST_CASE("metrics: a listener that comes while they are told does not shift the others") {
  FullPage page;
  page.bench.loop_context.latencies = {};
  const auto record = [&](const std::string& name) {
    page.bench.loop_context.latencies.record(
        {.loop_context = page.bench.loop_context, .listener = &name}, 1ms, 1);
  };
  record("b");
  record("c");
  MetricsText text(page.sources.metrics, MetricsFormat::prometheus);
  std::string all = text.next();
  record("a");
  while (!text.is_whole()) all += text.next();
  const std::string count = "reactord_listener_latency_seconds_count{listener=";
  CHECK(all.find(count + "\"b\"") == all.rfind(count + "\"b\""));
  CHECK(all.find(count + "\"c\"") != all.npos);
}

TEST_CASE("metrics: a histogram's buckets are cumulative at its bounds") {
  test::PageBench page;
  const TimePoint now = page.bench.clock.now();
  for (const Duration latency : {Duration(1us), Duration(16383ns), Duration(16384ns), Duration(2s)})
    page.stats(0).note_latency(now - latency, now);
  std::string text;
  for (const std::string& slice : slices_of(page, MetricsFormat::prometheus)) text += slice;
  const auto has = [&](std::string_view bound, std::string_view count) {
    return text.find("_bucket{command=\"c0\",le=\"" + std::string(bound) + "\"} " +
                     std::string(count) + "\n") != text.npos;
  };
  CHECK(has("1.6384e-05", "2"));
  CHECK(has("3.2768e-05", "3"));
  CHECK(has("1.073741824", "3"));
  CHECK(has("+Inf", "4"));
}

}  // namespace
}  // namespace reactord
