// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/figures/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace reactord::cli {
namespace {

constexpr std::string_view kCommandPrefix = "cmdstat_";

/// Cuts the first piece off `rest`.
std::string_view take_piece(std::string_view& rest, char separator) {
  const std::string_view piece = rest.substr(0, rest.find(separator));
  rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
  return piece;
}

std::string_view take_line(std::string_view& rest) {
  std::string_view line = take_piece(rest, '\n');
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string shortened(double value, double unit, std::string_view letters) {
  std::size_t power = 0;
  value = std::max(value, 0.0);
  // 999.95 would be rounded to 1000.0, which is a unit more.
  while (value >= (power == 0 ? unit : 999.5) && power < letters.size()) {
    value /= unit;
    ++power;
  }
  if (power == 0) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}f}{}", value, value < 99.95 ? 1 : 0, letters[power - 1]);
}

}  // namespace

Figures Figures::from_info(std::string_view text) {
  Figures figures;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    figures.set(std::string(line.substr(0, colon)), std::string(line.substr(colon + 1)));
  }
  return figures;
}

Figures Figures::from_fields(std::string_view line, char separator) {
  Figures figures;
  while (!line.empty()) {
    const std::string_view field = take_piece(line, separator);
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos) continue;
    figures.set(std::string(field.substr(0, equals)), std::string(field.substr(equals + 1)));
  }
  return figures;
}

std::string_view Figures::text(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<double> Figures::number(std::string_view name) const {
  const std::string_view value = text(name);
  double number = 0;
  const char* const last = value.data() + value.size();
  const auto [end, problem] = std::from_chars(value.data(), last, number);
  if (problem != std::errc() || end != last || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::map<std::string, Figures, std::less<>> command_stats(const Figures& info) {
  std::map<std::string, Figures, std::less<>> commands;
  for (const auto& [name, value] : info.all())
    if (name.starts_with(kCommandPrefix))
      commands[name.substr(kCommandPrefix.size())] = Figures::from_fields(value, ',');
  return commands;
}

std::map<std::uint64_t, Figures> client_list(std::string_view text) {
  std::map<std::uint64_t, Figures> clients;
  while (!text.empty()) {
    Figures client = Figures::from_fields(take_line(text), ' ');
    const std::string_view id = client.text("id");
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (problem == std::errc() && end == id.data() + id.size()) clients[number] = std::move(client);
  }
  return clients;
}

std::string short_bytes(double bytes) {
  return shortened(bytes, 1024, "KMGTPE");
}

std::string short_count(double count) {
  return shortened(count, 1000, "kMGTPE");
}

}  // namespace reactord::cli
