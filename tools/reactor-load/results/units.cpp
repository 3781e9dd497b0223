// SPDX-License-Identifier: MIT
#include "tools/reactor-load/results/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace reactord::load {
namespace {

struct NamedUnit {
  std::string_view name;
  double size;
};
constexpr std::array kTimes{NamedUnit{"ns", 1}, NamedUnit{"us", 1e3}, NamedUnit{"ms", 1e6},
                            NamedUnit{"s", 1e9}, NamedUnit{"m", 60e9}};
constexpr std::array kBytes{NamedUnit{"B", 1}, NamedUnit{"KiB", 1024}, NamedUnit{"MiB", 1048576},
                            NamedUnit{"GiB", 1073741824}, NamedUnit{"TiB", 1099511627776}};

/// Three digits that count.
std::string three_digits(double number) {
  if (number >= 99.95) return fmt::format("{:.0f}", number);
  return number >= 9.995 ? fmt::format("{:.1f}", number) : fmt::format("{:.2f}", number);
}

}  // namespace

std::optional<double> parse_nanoseconds(std::string_view text) {
  double number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, number);
  if (problem != std::errc() || number < 0) return std::nullopt;
  std::string_view unit(end, static_cast<std::size_t>(last - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (unit.empty() && number <= 0) return 0;
  for (const NamedUnit& known : kTimes) {
    if (unit == known.name) return number * known.size;
  }
  return std::nullopt;
}

std::string show_time(double nanoseconds) {
  const NamedUnit* unit = kTimes.data();
  // "1000 us" is never said: the next unit begins where rounding would reach it.
  for (const NamedUnit& larger : kTimes) {
    if (larger.name != "m" && nanoseconds >= larger.size * 0.9995) unit = &larger;
  }
  if (unit == kTimes.data()) return fmt::format("{:.0f} ns", nanoseconds);
  return fmt::format("{} {}", three_digits(nanoseconds / unit->size), unit->name);
}

std::string show_count(double count) {
  if (count < 100 && std::floor(count) < count) return fmt::format("{:.2f}", count);
  const std::string digits = fmt::format("{}", static_cast<std::int64_t>(std::llround(count)));
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::size_t left = digits.size() - i;
    if (i > 0 && left % 3 == 0 && digits[i - 1] != '-') grouped += ' ';
    grouped += digits[i];
  }
  return grouped;
}

std::string show_bytes(double bytes) {
  const NamedUnit* unit = kBytes.data();
  for (const NamedUnit& larger : kBytes) {
    if (bytes >= larger.size) unit = &larger;
  }
  if (unit == kBytes.data()) return fmt::format("{:.0f} B", bytes);
  return fmt::format("{} {}", three_digits(bytes / unit->size), unit->name);
}

std::string show_span(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole >= 3600) return fmt::format("{} h {:02} m", whole / 3600, whole % 3600 / 60);
  if (whole >= 60) return fmt::format("{} m {:02} s", whole / 60, whole % 60);
  return seconds < 10 ? fmt::format("{:.1f} s", seconds) : fmt::format("{} s", whole);
}

}  // namespace reactord::load
