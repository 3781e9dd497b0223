// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "tools/reactor-load/failure.h"
#include "tools/reactor-load/report/report.h"
#include "tools/reactor-load/report/summary.h"
#include "tools/reactor-load/results/units.h"

namespace reactord::load {
namespace {

using Json = nlohmann::json;

enum class Unit : std::uint8_t { count, time, seconds };

struct Figure {
  std::string_view name;
  std::string_view path;  ///< JSON pointer
  Unit unit;
};
constexpr Figure kFigures[] = {
    {"replies a second", "/rate", Unit::count}, {"mean", "/latency/mean", Unit::time},
    {"p50", "/latency/p50", Unit::time},        {"p90", "/latency/p90", Unit::time},
    {"p99", "/latency/p99", Unit::time},        {"p99.9", "/latency/p99.9", Unit::time},
    {"max", "/latency/max", Unit::time},
};
constexpr Figure kTotals[] = {
    {"errors", "/errors", Unit::count},
    {"late sends", "/late", Unit::count},
    {"generator's CPU a request", "/generator/cpu_nanoseconds_per_request", Unit::time},
};

bool has_name(const Json& json) {
  return json.is_object() && json.contains("name") && json["name"].is_string();
}

/// Whatever else is there: all that the comparison takes for granted.
bool is_result(const Json& json) {
  if (!json.is_object() || !json.contains("reactor_load") || !json.contains("groups")) return false;
  const Json& groups = json["groups"];
  return groups.is_array() && std::all_of(groups.begin(), groups.end(), [](const Json& group) {
           if (!has_name(group) || !group.contains("commands")) return false;
           const Json& commands = group["commands"];
           return commands.is_array() && std::all_of(commands.begin(), commands.end(), has_name);
         });
}

std::string text_at(const Json& json, std::string_view path) {
  const Json::json_pointer pointer{std::string(path)};
  return json.contains(pointer) && json[pointer].is_string() ? json[pointer].get<std::string>()
                                                             : std::string();
}

Json parse(const std::string& name, const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (is_result(json)) return json;
  throw Stopped(ExitCode::usage, fmt::format("{} is no result: write one with --json FILE", name));
}

double number_at(const Json& json, std::string_view path) {
  const Json::json_pointer pointer{std::string(path)};
  return json.contains(pointer) && json[pointer].is_number() ? json[pointer].get<double>() : 0;
}

std::string show(double value, Unit unit) {
  return unit == Unit::time ? show_time(value) : show_count(value);
}

std::string ratio(double a, double b) {
  if (a <= 0) return b <= 0 ? "" : "new";
  const double percent = (b / a - 1) * 100;
  return fmt::format("{:.2f}  {:+.1f}%", b / a, percent);
}

using Rows = std::vector<std::vector<std::string>>;

void add_figures(Rows& rows, std::span<const Figure> figures, const Json& a, const Json& b) {
  for (const Figure& figure : figures) {
    const double left = number_at(a, figure.path);
    const double right = number_at(b, figure.path);
    if (left <= 0 && right <= 0 && figure.unit == Unit::time) continue;
    rows.push_back({fmt::format("  {}", figure.name), show(left, figure.unit),
                    show(right, figure.unit), ratio(left, right)});
  }
}

/// The element of that name in a list of objects, or null.
const Json* named(const Json& list, const std::string& name) {
  for (const Json& one : list) {
    if (one.value("name", "") == name) return &one;
  }
  return nullptr;
}

void add_commands(Rows& rows, const std::string& group, const Json& a, const Json& b) {
  for (const Json& command : a) {
    const std::string name = command.value("name", "");
    const Json* same = named(b, name);
    if (same == nullptr) {
      rows.push_back({fmt::format("{} {}: only in A", group, name)});
    } else if (number_at(command, "/replies") > 0 || number_at(*same, "/replies") > 0) {
      rows.push_back({fmt::format("{} {}", group, name)});
      add_figures(rows, kFigures, command, *same);
    }
  }
  for (const Json& command : b) {
    const std::string name = command.value("name", "");
    if (named(a, name) == nullptr) rows.push_back({fmt::format("{} {}: only in B", group, name)});
  }
}

}  // namespace

std::string compare(const std::string& a_name, const std::string& a, const std::string& b_name,
                    const std::string& b) {
  const Json left = parse(a_name, a);
  const Json right = parse(b_name, b);
  Rows rows{{"", "A", "B", "B / A"}, {"all replies"}};
  add_figures(rows, kFigures, left, right);
  for (const Json& group : left["groups"]) {
    const std::string name = group.value("name", "");
    const Json* same = named(right["groups"], name);
    if (same == nullptr) {
      rows.push_back({fmt::format("{}: only in A", name)});
    } else {
      add_commands(rows, name, group["commands"], (*same)["commands"]);
    }
  }
  for (const Json& group : right["groups"]) {
    const std::string name = group.value("name", "");
    if (named(left["groups"], name) == nullptr) {
      rows.push_back({fmt::format("{}: only in B", name)});
    }
  }
  rows.push_back({"the run"});
  add_figures(rows, kTotals, left, right);
  const auto headline = [](const char* letter, const std::string& file, const Json& json) {
    return fmt::format("{}  {}: {} at {}, {}, {}\n", letter, file, text_at(json, "/title"),
                       text_at(json, "/uri"), show_span(number_at(json, "/seconds")),
                       text_at(json, "/machine/when"));
  };
  return headline("A", a_name, left) + headline("B", b_name, right) + "\n" + table(rows);
}

}  // namespace reactord::load
