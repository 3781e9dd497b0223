// SPDX-License-Identifier: MIT
// What is seen while a run goes on, and the series that its charts are drawn from: bounded, however
// long the run and however narrow the terminal.
#include "tools/reactor-load/report/screen.h"

#include <doctest/doctest.h>

#include <string>

namespace reactord::load {
namespace {

Watched watched(double elapsed) {
  Watched out;
  out.elapsed = elapsed;
  out.share = elapsed / 10;
  out.seconds_left = 10 - elapsed;
  out.replies = 1000;
  out.last.seconds = 0.1;
  out.last.replies = 100;
  out.last.p50 = 1e6;
  out.last.p99 = 2e6;
  out.last.most = 3e6;
  return out;
}

std::size_t widest(const std::string& text) {
  std::size_t most = 0;
  std::size_t columns = 0;
  bool escape = false;
  for (const char c : text) {
    if (c == '\x1b') escape = true;
    if (c == '\n') columns = 0;
    if (!escape && c != '\n' && (static_cast<unsigned char>(c) & 0xc0) != 0x80) ++columns;
    if (escape && (c == 'm' || c == 'F' || c == 'J')) escape = false;
    most = std::max(most, columns);
  }
  return most;
}

TEST_CASE("a sparkline is as high as its values") {
  CHECK_EQ(sparkline({}), "");
  CHECK_EQ(sparkline({0, 0}), "▁▁");
  CHECK_EQ(sparkline({0, 3.5, 7}), "▁▅█");
  CHECK_EQ(sparkline({0, 3.5, 7}, Glyphs::ascii), "_=#");
}

TEST_CASE("where the locale has ASCII alone, nothing else is drawn") {
  Screen screen(Show::view, {.color = false, .glyphs = Glyphs::ascii}, 80, "x");
  const std::string view = screen.update(watched(5));
  CHECK(std::all_of(view.begin(), view.end(), [](char c) { return c >= 0; }));
  CHECK(view.find("####") != std::string::npos);
}

TEST_CASE("lines come once a second, with what happened since the last") {
  Screen screen(Show::lines, {.color = false}, 80, "x");
  std::string out;
  for (int i = 1; i <= 35; ++i) out += screen.update(watched(i * 0.1));
  CHECK_EQ(std::count(out.begin(), out.end(), '\n'), 3);
  CHECK(out.starts_with("    1 s       1 000/s  in flight 0      errors 0    p50 1.00 ms"));
  CHECK_EQ(screen.finish(), "");
}

TEST_CASE("nothing is shown where nothing is asked for") {
  Screen screen(Show::nothing, {.color = false}, 80, "x");
  CHECK_EQ(screen.update(watched(5)), "");
}

TEST_CASE("the view keeps to the terminal's width, and takes away what it has drawn") {
  for (const std::size_t width : {20u, 40u, 80u, 200u}) {
    CAPTURE(width);
    Screen screen(Show::view, {.color = true}, width, std::string(300, 'h'));
    std::string first = screen.update(watched(1));
    CHECK(widest(first) <= width);
    const auto lines = std::count(first.begin(), first.end(), '\n');
    const std::string up = "\x1b[" + std::to_string(lines) + "F\x1b[J";
    CHECK_EQ(screen.update(watched(1.1)), "");
    for (int i = 2; i < 100; ++i) {
      const std::string again = screen.update(watched(i));
      CHECK(again.starts_with(up));
      CHECK(widest(again.substr(up.size())) <= width);
    }
    CHECK_EQ(screen.finish(), up);
    CHECK_EQ(screen.finish(), "");
  }
}

TEST_CASE("the view follows a terminal that becomes narrower or wider") {
  Screen screen(Show::view, {.color = false}, 200, std::string(300, 'h'));
  int seconds = 0;
  while (seconds < 60) (void)screen.update(watched(++seconds));
  for (const std::size_t width : {40u, 20u, 120u}) {
    screen.set_width(width);
    const std::string drawn = screen.update(watched(++seconds));
    CHECK(widest(drawn.substr(drawn.find('J') + 1)) == width);
  }
}

TEST_CASE("the view tells how far it is and how long it will take") {
  Screen screen(Show::view, {.color = false}, 80, "headline");
  const std::string out = screen.update(watched(4));
  CHECK(out.find("headline") != std::string::npos);
  CHECK(out.find(" 40%  4.0 s, 6.0 s left") != std::string::npos);
  CHECK(out.find("1 000/s") != std::string::npos);
  CHECK_EQ(out.find('\x1b'), std::string::npos);
}

TEST_CASE("a series stays short, and loses no reply") {
  Series series;
  std::uint64_t replies = 0;
  double seconds = 0;
  for (int i = 1; i <= 100'000; ++i) {
    Moment moment = watched(i * 0.1).last;
    moment.at = i * 0.1;
    moment.p99 = i == 50'000 ? 9e9 : 1e6;
    series.add(moment);
    replies += moment.replies;
    seconds += moment.seconds;
  }
  series.finish();
  REQUIRE(series.moments().size() <= kMostMoments);
  CHECK(series.moments().size() >= kMostMoments / 2);
  double worst = 0;
  for (const Moment& moment : series.moments()) {
    replies -= moment.replies;
    seconds -= moment.seconds;
    worst = std::max(worst, moment.p99);
  }
  CHECK_EQ(replies, 0);
  CHECK(seconds == doctest::Approx(0));
  CHECK_EQ(worst, 9e9);
}

TEST_CASE("a short last moment is joined to the one before") {
  Series series;
  for (const double seconds : {0.1, 0.1, 0.1, 0.01}) {
    Moment moment;
    moment.seconds = seconds;
    series.add(moment);
  }
  series.finish();
  REQUIRE_EQ(series.moments().size(), 3);
  CHECK(series.moments()[2].seconds == doctest::Approx(0.11));
}

}  // namespace
}  // namespace reactord::load
