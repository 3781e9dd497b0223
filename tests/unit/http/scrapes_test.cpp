// SPDX-License-Identifier: MIT
#include "daemon/http/scrapes.h"

#include <doctest/doctest.h>

#include "tests/unit/support/page_bench.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

struct ScrapeBench : test::PageBench {
  ScrapeBench() : PageBench(8, 200) {
    scrapes.set_on_news([this] { ++texts; });
  }
  int texts = 0;
  Scrapes scrapes{bench.loop, sources.metrics};
};

/// All that a feed has for now.
std::vector<std::shared_ptr<const std::string>> pieces_of(Feed& feed, bool& is_end) {
  std::vector<std::shared_ptr<const std::string>> pieces;
  Feed::Piece piece = feed.next();
  for (; piece.text != nullptr; piece = feed.next()) pieces.push_back(piece.text);
  is_end = piece.is_end;
  return pieces;
}

TEST_CASE("scrapes: a text is written over some turns, and once for all who ask meanwhile") {
  ScrapeBench bench;
  const std::shared_ptr<Feed> first = bench.scrapes.feed(MetricsFormat::prometheus);
  bool is_end = true;
  CHECK(pieces_of(*first, is_end).empty());
  CHECK_FALSE(is_end);
  int turns = 0;
  for (; bench.texts == 0 && turns < 100; ++turns) bench.pass(1ms);
  CHECK(turns > 5);
  const std::shared_ptr<Feed> second = bench.scrapes.feed(MetricsFormat::prometheus);
  const auto pieces = pieces_of(*first, is_end);
  CHECK(is_end);
  CHECK(pieces.size() > 5);
  CHECK(pieces_of(*second, is_end) == pieces);
  CHECK(bench.texts == 1);
  bench.pass(200ms);
  const std::shared_ptr<Feed> later = bench.scrapes.feed(MetricsFormat::prometheus);
  CHECK(pieces_of(*later, is_end).empty());
  CHECK_FALSE(is_end);
}

TEST_CASE("scrapes: each format has a text of its own") {
  ScrapeBench bench;
  const std::shared_ptr<Feed> one = bench.scrapes.feed(MetricsFormat::prometheus);
  const std::shared_ptr<Feed> other = bench.scrapes.feed(MetricsFormat::openmetrics);
  for (int turns = 0; bench.texts < 2 && turns < 100; ++turns) bench.pass(1ms);
  bool is_end = false;
  CHECK_FALSE(pieces_of(*one, is_end).back()->ends_with("# EOF\n"));
  CHECK(is_end);
  CHECK(pieces_of(*other, is_end).back()->ends_with("# EOF\n"));
}

TEST_CASE("scrapes: whoever asks and goes leaves nothing, and a text outlives what wrote it") {
  auto bench = std::make_unique<ScrapeBench>();
  (void)bench->scrapes.feed(MetricsFormat::prometheus);
  const std::shared_ptr<Feed> feed = bench->scrapes.feed(MetricsFormat::prometheus);
  for (int turns = 0; bench->texts == 0 && turns < 100; ++turns) bench->pass(1ms);
  const std::shared_ptr<Feed> broken_off = bench->scrapes.feed(MetricsFormat::openmetrics);
  bench.reset();
  bool is_end = false;
  CHECK(pieces_of(*feed, is_end).size() > 5);
  CHECK(is_end);
}

}  // namespace
}  // namespace reactord
