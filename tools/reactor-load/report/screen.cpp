// SPDX-License-Identifier: MIT
#include "tools/reactor-load/report/screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "tools/reactor-load/results/units.h"

namespace reactord::load {
namespace {

constexpr std::array<std::string_view, 8> kBars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 8> kAsciiBars{"_", ".", ":", "-", "=", "+", "*", "#"};
constexpr double kRedrawSeconds = 0.25;
constexpr std::size_t kMostSparks = 60;
constexpr std::size_t kLeastColumns = 20;

constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kPlain = "\x1b[0m";

std::string percentiles(const Moment& moment) {
  if (moment.replies == 0) return "no replies";
  return fmt::format("p50 {}  p90 {}  p99 {}  p99.9 {}  max {}", show_time(moment.p50),
                     show_time(moment.p90), show_time(moment.p99), show_time(moment.p999),
                     show_time(moment.most));
}

double rate_of(const Moment& moment) {
  return moment.seconds > 0 ? static_cast<double>(moment.replies) / moment.seconds : 0;
}

/// Columns that a text takes: one a code point, which is right for all that is drawn here.
std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  bool escape = false;
  for (const char c : text) {
    if (c == '\x1b') escape = true;
    if (!escape && (static_cast<unsigned char>(c) & 0xc0) != 0x80) ++count;
    if (escape && c == 'm') escape = false;
  }
  return count;
}

/// A line that is wider than the terminal would break, and the redrawing with it.
std::string cut(const std::string& text, std::size_t width) {
  if (columns(text) <= width) return text;
  std::string out;
  std::size_t used = 0;
  bool escape = false;
  for (const char c : text) {
    if (c == '\x1b') escape = true;
    const bool begins = !escape && (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (begins && ++used > width) break;
    out += c;
    if (escape && c == 'm') escape = false;
  }
  return out + std::string(kPlain);
}

}  // namespace

std::string sparkline(const std::deque<double>& values, Glyphs glyphs) {
  const auto& bars = glyphs == Glyphs::ascii ? kAsciiBars : kBars;
  std::string out;
  const double most = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  for (const double value : values) {
    const double share = most > 0 ? value / most : 0;
    out += bars[static_cast<std::size_t>(std::lround(share * (kBars.size() - 1)))];
  }
  return out;
}

Screen::Screen(Show show, Style style, std::size_t width, std::string headline)
    : show_(show),
      style_(style),
      headline_(std::move(headline)),
      next_(show == Show::lines ? 1 : 0) {
  set_width(width);
}

void Screen::set_width(std::size_t columns) {
  width_ = std::max(columns, kLeastColumns);
}

void Screen::gather(const Watched& watched) {
  const Moment& last = watched.last;
  if (last.seconds <= 0) return;  // nobody has reported since the last time
  const double seconds = gathered_.seconds + last.seconds;
  const std::uint64_t replies = gathered_.replies + last.replies;
  for (double Moment::*value :
       {&Moment::p50, &Moment::p90, &Moment::p99, &Moment::p999, &Moment::most}) {
    gathered_.*value = std::max(gathered_.*value, last.*value);
  }
  gathered_.seconds = seconds;
  gathered_.replies = replies;
  gathered_.in_flight = last.in_flight;
  gathered_.connected = last.connected;
}

std::string Screen::update(const Watched& watched) {
  if (show_ == Show::nothing) return {};
  gather(watched);
  if (watched.elapsed < next_) return {};
  std::string out;
  if (show_ == Show::lines) {
    next_ = std::floor(watched.elapsed + 0.5) + 1;
    out = line(watched);
  } else {
    next_ = watched.elapsed + kRedrawSeconds;
    rates_.push_back(rate_of(gathered_));
    slowest_.push_back(gathered_.p99);
    const std::size_t room = std::min(kMostSparks, width_ - 18);
    while (rates_.size() > room) {
      rates_.pop_front();
      slowest_.pop_front();
    }
    if (drawn_lines_ > 0) out = fmt::format("\x1b[{}F\x1b[J", drawn_lines_);
    const std::string drawn = draw(watched);
    drawn_lines_ = static_cast<std::size_t>(std::count(drawn.begin(), drawn.end(), '\n'));
    out += drawn;
  }
  gathered_ = {};
  return out;
}

std::string Screen::finish() {
  if (drawn_lines_ == 0) return {};
  const std::string out = fmt::format("\x1b[{}F\x1b[J", drawn_lines_);
  drawn_lines_ = 0;
  return out;
}

std::string Screen::line(const Watched& watched) const {
  std::string out = fmt::format("{:>5.0f} s  {:>10}/s  in flight {:<6} errors {:<4} {}",
                                watched.elapsed, show_count(std::round(rate_of(gathered_))),
                                gathered_.in_flight, watched.errors, percentiles(gathered_));
  if (watched.late > 0) out += fmt::format("  late {}", watched.late);
  return out + "\n";
}

std::string Screen::bar(const Watched& watched) const {
  if (watched.share < 0) return fmt::format("{}  until stopped", show_span(watched.elapsed));
  const std::size_t room = std::min<std::size_t>(40, width_ / 2);
  const auto full =
      static_cast<std::size_t>(std::lround(watched.share * static_cast<double>(room)));
  const bool is_ascii = style_.glyphs == Glyphs::ascii;
  const std::string_view full_cell = is_ascii ? "#" : "█";
  const std::string_view empty_cell = is_ascii ? "." : "░";
  std::string out;
  for (std::size_t i = 0; i < room; ++i) out += i < full ? full_cell : empty_cell;
  out += fmt::format(" {:3.0f}%  {}", watched.share * 100, show_span(watched.elapsed));
  if (watched.share > 0 && watched.share < 1) {
    out += fmt::format(", {} left", show_span(watched.seconds_left));
  }
  return out;
}

std::string Screen::draw(const Watched& watched) const {
  const auto style = [&](std::string_view code) {
    return style_.color ? code : std::string_view();
  };
  const std::string errors =
      fmt::format("{}errors {}{}", style(watched.errors > 0 ? kRed : kGreen),
                  show_count(static_cast<double>(watched.errors)), style(kPlain));
  std::vector<std::string> lines{
      fmt::format("{}{}{}", style(kBold), headline_, style(kPlain)),
      bar(watched),
      fmt::format("{}{}/s{}   in flight {}   connected {}   {}", style(kBold),
                  show_count(std::round(rate_of(gathered_))), style(kPlain),
                  show_count(static_cast<double>(gathered_.in_flight)),
                  show_count(static_cast<double>(gathered_.connected)), errors),
      percentiles(gathered_),
      fmt::format("{}rate{} {}", style(kDim), style(kPlain), sparkline(rates_, style_.glyphs)),
      fmt::format("{}p99 {} {}", style(kDim), style(kPlain), sparkline(slowest_, style_.glyphs)),
  };
  if (watched.late > 0) {
    lines.push_back(
        fmt::format("{}{} sends were more than 1 ms late: this machine, not the server"
                    "{}",
                    style(kRed), show_count(static_cast<double>(watched.late)), style(kPlain)));
  }
  std::string out;
  for (const std::string& text : lines) out += cut(text, width_) + "\n";
  return out;
}

}  // namespace reactord::load
