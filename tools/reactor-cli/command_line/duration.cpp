// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/command_line/duration.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>

namespace reactord::cli {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  milliseconds length;
};

constexpr std::array<Unit, 4> kUnits = {{{"h", std::chrono::hours(1)},
                                         {"m", std::chrono::minutes(1)},
                                         {"s", std::chrono::seconds(1)},
                                         {"ms", milliseconds(1)}}};
constexpr milliseconds kLongest = std::chrono::hours(24);

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return milliseconds(0);
  std::uint32_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, number);
  if (problem != std::errc()) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  for (const Unit& known : kUnits) {
    if (unit != known.name) continue;
    if (number > kLongest / known.length) return std::nullopt;
    return number * known.length;
  }
  return std::nullopt;
}

std::string format_duration(milliseconds duration) {
  const Unit* exact = kUnits.data();
  while (duration % exact->length != milliseconds(0)) ++exact;  // the last unit always is
  return fmt::format("{}{}", duration / exact->length, exact->name);
}

}  // namespace reactord::cli
