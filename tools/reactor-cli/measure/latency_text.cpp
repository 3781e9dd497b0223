// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/measure/latency_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace reactord::cli {
namespace {

/// From black over grey and yellow to red, in the colours of a terminal that has 256 of them.
constexpr std::array kShades{0,   233, 234, 235, 237, 239, 241, 243, 245, 247,
                             144, 143, 142, 184, 226, 214, 208, 202, 196};

/// The square root, so that the few slow ones are seen beside thousands of fast ones.
int shade_of(std::uint64_t count, std::uint64_t all) {
  if (count == 0) return kShades.front();
  const double share = std::sqrt(static_cast<double>(count) / static_cast<double>(all));
  const auto last = static_cast<double>(kShades.size() - 1);
  return kShades[static_cast<std::size_t>(std::clamp(std::ceil(share * last), 1.0, last))];
}

char sign_of(std::size_t bucket) {
  const auto& buckets = LatencyBuckets::kBuckets;
  return bucket < buckets.size() ? buckets[bucket].sign : '?';
}

}  // namespace

void LatencySummary::add(double milliseconds) {
  min = count == 0 ? milliseconds : std::min(min, milliseconds);
  max = std::max(max, milliseconds);
  sum += milliseconds;
  ++count;
}

std::string latency_for_people(const LatencySummary& summary) {
  return fmt::format("min: {:.2f}, max: {:.2f}, avg: {:.2f} ({} samples)", summary.min, summary.max,
                     summary.mean(), summary.count);
}

std::string latency_for_pipe(const LatencySummary& summary) {
  return fmt::format("{:.2f} {:.2f} {:.2f} {}", summary.min, summary.max, summary.mean(),
                     summary.count);
}

std::string latency_json(const LatencySummary& summary) {
  return fmt::format(R"({{"min_ms":{:.3f},"max_ms":{:.3f},"avg_ms":{:.3f},"samples":{}}})",
                     summary.min, summary.max, summary.mean(), summary.count);
}

void LatencyBuckets::add(double milliseconds) {
  summary_.add(milliseconds);
  const auto* const found =
      std::find_if(kBuckets.begin(), kBuckets.end(),
                   [milliseconds](const Bucket& bucket) { return milliseconds <= bucket.up_to; });
  ++counts_[static_cast<std::size_t>(found - kBuckets.begin())];
}

std::string LatencyBuckets::legend() {
  return "A line an interval; the brighter a sign, the more answers took up to so long:\n"
         ". - * #          0.01, 0.125, 0.25, 0.5 ms\n"
         "1 2 3 ... 9      1 to 9 ms\n"
         "A B C D E        10, 20, 30, 40, 50 ms\n"
         "F G H I J        0.1 to 0.5 s\n"
         "K L M N ?        1, 2, 4, 8 s, and longer\n";
}

std::string LatencyBuckets::spectrum(bool color) const {
  std::string text;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (color)
      text += fmt::format("\x1b[38;5;0;48;5;{}m{}\x1b[0m", shade_of(counts_[i], summary_.count),
                          sign_of(i));
    else
      text += counts_[i] == 0 ? ' ' : sign_of(i);
  }
  return text;
}

std::string LatencyBuckets::line() const {
  std::string text = fmt::format("{} samples, max {:.2f} ms:", summary_.count, summary_.max);
  const char* comma = "";
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    if (i < kBuckets.size())
      text += fmt::format("{} {} up to {}", comma, counts_[i], kBuckets[i].up_to);
    else
      text += fmt::format("{} {} longer", comma, counts_[i]);
    comma = ",";
  }
  return text;
}

std::string LatencyBuckets::json() const {
  std::string text =
      fmt::format(R"({{"samples":{},"max_ms":{:.3f},"buckets":[)", summary_.count, summary_.max);
  const char* comma = "";
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    const std::string up_to =
        i < kBuckets.size() ? fmt::format("{}", kBuckets[i].up_to) : std::string("null");
    text += fmt::format(R"({}{{"up_to_ms":{},"count":{}}})", comma, up_to, counts_[i]);
    comma = ",";
  }
  return text + "]}";
}

}  // namespace reactord::cli
