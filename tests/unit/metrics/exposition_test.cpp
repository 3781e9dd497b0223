// SPDX-License-Identifier: MIT
#include "daemon/metrics/exposition.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <tuple>

namespace reactord {
namespace {

std::string ended(Exposition& out) {
  out.end();
  return out.take();
}

std::string text(MetricsFormat format) {
  Exposition out(format);
  out.info("x_build_info", "What it is.");
  out.sample({{"version", "1.2"}, {"commit", ""}}, std::uint64_t{1});
  out.counter("x_calls_total", "Calls \"so far\", \\ and\nmore.");
  out.sample({"command", "ceil"}, std::uint64_t{18'446'744'073'709'551'615u});
  out.gauge("x_seconds", "A time.");
  out.sample(0.25);
  return ended(out);
}

TEST_CASE("exposition: Prometheus' text") {
  CHECK(text(MetricsFormat::prometheus) ==
        "# HELP x_build_info What it is.\n"
        "# TYPE x_build_info gauge\n"
        "x_build_info{version=\"1.2\",commit=\"\"} 1\n"
        "# HELP x_calls_total Calls \"so far\", \\\\ and\\nmore.\n"
        "# TYPE x_calls_total counter\n"
        "x_calls_total{command=\"ceil\"} 18446744073709551615\n"
        "# HELP x_seconds A time.\n"
        "# TYPE x_seconds gauge\n"
        "x_seconds 0.25\n");
}

TEST_CASE("exposition: OpenMetrics names families without their suffix, escapes quotes, and ends") {
  CHECK(text(MetricsFormat::openmetrics) ==
        "# HELP x_build What it is.\n"
        "# TYPE x_build info\n"
        "x_build_info{version=\"1.2\",commit=\"\"} 1\n"
        "# HELP x_calls Calls \\\"so far\\\", \\\\ and\\nmore.\n"
        "# TYPE x_calls counter\n"
        "x_calls_total{command=\"ceil\"} 18446744073709551615\n"
        "# HELP x_seconds A time.\n"
        "# TYPE x_seconds gauge\n"
        "x_seconds 0.25\n"
        "# EOF\n");
}

TEST_CASE("exposition: a histogram is cumulative, and ends with all") {
  constexpr Exposition::Bucket kBuckets[] = {{0.5, 1}, {1, 3}};
  Exposition out(MetricsFormat::openmetrics);
  out.histogram("x_seconds", "X.");
  out.distribution({}, {kBuckets, 4, 7.25});
  out.distribution({"command", "ceil"}, {kBuckets, 4, 7.25});
  CHECK(ended(out) ==
        "# HELP x_seconds X.\n# TYPE x_seconds histogram\n"
        "x_seconds_bucket{le=\"0.5\"} 1\nx_seconds_bucket{le=\"1\"} 3\n"
        "x_seconds_bucket{le=\"+Inf\"} 4\nx_seconds_sum 7.25\nx_seconds_count 4\n"
        "x_seconds_bucket{command=\"ceil\",le=\"0.5\"} 1\n"
        "x_seconds_bucket{command=\"ceil\",le=\"1\"} 3\n"
        "x_seconds_bucket{command=\"ceil\",le=\"+Inf\"} 4\n"
        "x_seconds_sum{command=\"ceil\"} 7.25\nx_seconds_count{command=\"ceil\"} 4\n# EOF\n");
}

TEST_CASE("exposition: an exemplar is with the first bucket that has it, in OpenMetrics alone") {
  constexpr Exposition::Bucket kBuckets[] = {{0.5, 1}, {1, 3}};
  const auto text_with = [&](MetricsFormat format, double value) {
    Exposition out(format);
    out.histogram("x_seconds", "X.");
    out.distribution({}, {kBuckets, 4, 7.25, Exposition::Exemplar{"abc", "de", value, 1700.25}});
    return ended(out);
  };
  const auto line = [](std::string_view bound, std::string_view rest) {
    return "x_seconds_bucket{le=\"" + std::string(bound) + "\"} " + std::string(rest) + "\n";
  };
  const auto mark = [](std::string_view value) {
    return " # {trace_id=\"abc\",span_id=\"de\"} " + std::string(value) + " 1700.250";
  };
  using enum MetricsFormat;
  for (const auto& [value, text, lines] : {std::tuple{0.5, "0.5", std::array{true, false, false}},
                                           std::tuple{0.75, "0.75", std::array{false, true, false}},
                                           std::tuple{3.0, "3", std::array{false, false, true}}}) {
    const std::string found = text_with(openmetrics, value);
    CHECK(found.find(line("0.5", "1" + (lines[0] ? mark(text) : ""))) != found.npos);
    CHECK(found.find(line("1", "3" + (lines[1] ? mark(text) : ""))) != found.npos);
    CHECK(found.find(line("+Inf", "4" + (lines[2] ? mark(text) : ""))) != found.npos);
  }
  CHECK(text_with(prometheus, 0.5).find(" # ") == std::string::npos);
}

TEST_CASE("exposition: no value of a label breaks its line") {
  Exposition out(MetricsFormat::prometheus);
  out.gauge("x", "X.");
  out.sample({"code", "a\"b\\c\nd\xff\x01"}, std::uint64_t{1});
  // escaped() has made printable text of it, whose backslashes are escaped once more.
  CHECK(ended(out) ==
        "# HELP x X.\n# TYPE x gauge\n"
        "x{code=\"a\\\"b\\\\\\\\c\\\\nd\\\\xff\\\\x01\"} 1\n");
}

TEST_CASE("exposition: the format follows Accept") {
  using enum MetricsFormat;
  const std::pair<std::string_view, MetricsFormat> kCases[] = {
      {"", prometheus},
      {"*/*", prometheus},
      {"text/html", prometheus},
      {"application/openmetrics-text", openmetrics},
      {"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4",
       openmetrics},
      {"text/plain;q=0.9, application/openmetrics-text;q=0.2", prometheus},
      {"application/openmetrics-text;q=0", prometheus},
      {"application/openmetrics-text;q=x", prometheus},
      {"application/openmetrics-text ; q=1 , */* ; q=0.1", openmetrics},
      // Prometheus 2.42
      {"application/openmetrics-text;version=1.0.0,application/"
       "openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       openmetrics},
      {";;;,,,q=", prometheus},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.first);
    CHECK(format_for(each.first) == each.second);
  }
}

}  // namespace
}  // namespace reactord
