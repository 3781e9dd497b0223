// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/measure/stat_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

namespace reactord::cli {

/// `also` is added to `figure`, where it is told.
struct StatColumn {
  enum class Kind : std::uint8_t {
    count,         ///< as it is
    bytes,         ///< as it is
    rate,          ///< a second, since the line before
    byte_rate,     ///< the same
    percent,       ///< of a second's, since the line before: processor time
    microseconds,  ///< as it is
  };
  std::string_view title;
  std::string_view figure;
  Kind kind;
  std::size_t width;
  std::string_view also = {};
};

namespace {

using Kind = StatColumn::Kind;

constexpr std::array kColumns{
    StatColumn{"mem", "used_memory", Kind::bytes, 6},
    StatColumn{"clients", "connected_clients", Kind::count, 7},
    StatColumn{"blocked", "blocked_clients", Kind::count, 7},
    StatColumn{"requests", "total_commands_processed", Kind::count, 12},
    StatColumn{"req/s", "total_commands_processed", Kind::rate, 8},
    StatColumn{"connections", "total_connections_received", Kind::count, 11},
    StatColumn{"conn/s", "total_connections_received", Kind::rate, 7},
    StatColumn{"refused", "rejected_connections", Kind::count, 7},
    StatColumn{"in/s", "total_net_input_bytes", Kind::byte_rate, 6},
    StatColumn{"out/s", "total_net_output_bytes", Kind::byte_rate, 6},
    StatColumn{"cpu%", "used_cpu_user", Kind::percent, 5, "used_cpu_sys"},
    StatColumn{"p99 turn", "loop_turn_usec_p99", Kind::microseconds, 8},
};

bool is_rate(const StatColumn& column) {
  return column.kind == Kind::rate || column.kind == Kind::byte_rate ||
         column.kind == Kind::percent;
}

std::optional<double> total(const StatColumn& column, const Figures& figures) {
  const std::optional<double> first = figures.number(column.figure);
  if (!first || column.also.empty()) return first;
  return *first + figures.number_or(column.also, 0);
}

std::optional<double> value_of(const StatColumn& column, const Figures& now, const Figures& before,
                               double seconds) {
  const std::optional<double> value = total(column, now);
  if (!value || !is_rate(column)) return value;
  const std::optional<double> old = total(column, before);
  if (!old || seconds <= 0) return std::nullopt;
  // A server that was restarted begins anew.
  const double rate = std::max(*value - *old, 0.0) / seconds;
  return column.kind == Kind::percent ? rate * 100 : rate;
}

std::string shown(const StatColumn& column, double value) {
  switch (column.kind) {
    case Kind::bytes:
    case Kind::byte_rate:
      return short_bytes(value);
    case Kind::percent:
      return fmt::format("{:.1f}", value);
    case Kind::microseconds:
      return fmt::format("{:.0f} us", value);
    case Kind::count:
    case Kind::rate:
      break;
  }
  return fmt::format("{:.0f}", value);
}

}  // namespace

StatTable::StatTable(const Figures& first) {
  for (const StatColumn& column : kColumns)
    if (first.number(column.figure)) columns_.push_back(&column);
}

std::string StatTable::head() const {
  std::string text;
  for (const StatColumn* column : columns_)
    text += fmt::format("{}{:>{}}", text.empty() ? "" : " ", column->title, column->width);
  return text + '\n';
}

std::string StatTable::line(const Figures& now, const Figures& before, double seconds) const {
  std::string text;
  for (const StatColumn* column : columns_) {
    const std::optional<double> value = value_of(*column, now, before, seconds);
    text += fmt::format("{}{:>{}}", text.empty() ? "" : " ", value ? shown(*column, *value) : "-",
                        column->width);
  }
  return text + '\n';
}

std::string StatTable::json(const Figures& now, const Figures& before, double seconds) const {
  std::string text;
  for (const StatColumn* column : columns_) {
    const std::optional<double> value = value_of(*column, now, before, seconds);
    if (!value) continue;
    const bool is_whole = std::trunc(*value) == *value;
    text += fmt::format("{}\"{}\":{:.{}f}", text.empty() ? "{" : ",", column->title, *value,
                        is_whole ? 0 : 2);
  }
  return (text.empty() ? "{" : text) + "}\n";
}

}  // namespace reactord::cli
