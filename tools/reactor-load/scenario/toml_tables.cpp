// SPDX-License-Identifier: MIT
#include "tools/reactor-load/scenario/toml_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "config/suggest.h"

namespace reactord::load {
namespace {

/// A value in the schema's terms; nothing when no key can have one like it.
std::optional<ConfigValue> to_value(const toml::node& node) {
  if (const auto* flag = node.as_boolean()) return flag->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* text = node.as_string()) return text->get();
  const toml::array* list = node.as_array();
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> items;
  for (const toml::node& item : *list) {
    const auto* text = item.as_string();
    if (text == nullptr) return std::nullopt;
    items.push_back(text->get());
  }
  return items;
}

}  // namespace

TextPosition begin_of(const toml::source_region& region) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

void TableReader::read_keys(const toml::table& table, std::span<const KeySpec> keys, void* settings,
                            std::string_view title,
                            std::initializer_list<std::string_view> others) {
  for (const auto& [name, node] : table) {
    if (std::find(others.begin(), others.end(), name.str()) != others.end()) continue;
    const KeySpec* spec = find_key(keys, name.str());
    if (spec == nullptr) {
      std::vector<std::string_view> names(others);
      for (const KeySpec& known : keys) names.push_back(known.name);
      report(begin_of(name.source()), fmt::format("unknown key {} in {}{}", shown(name.str()),
                                                  title, suggestion(name.str(), names)));
      continue;
    }
    read_value(node, *spec, settings);
  }
}

void TableReader::read_value(const toml::node& node, const KeySpec& spec, void* settings) {
  const std::optional<ConfigValue> value = to_value(node);
  if (!value) {
    return report(begin_of(node.source()), fmt::format("{}: expected {}", spec.name, spec.type));
  }
  if (report_bad_items(node, spec, settings)) return;
  const std::string problem = spec.set(settings, *value, spec.range);
  if (!problem.empty()) {
    report(begin_of(node.source()), fmt::format("{}: {}", spec.name, problem));
  }
}

/// Tries each item of a list by itself, so that a message can point at it.
bool TableReader::report_bad_items(const toml::node& node, const KeySpec& spec, void* settings) {
  const toml::array* list = node.as_array();
  const bool takes_list = std::holds_alternative<std::vector<std::string>>(spec.get(settings));
  if (list == nullptr || !takes_list) return false;
  bool any_bad = false;
  for (const toml::node& item : *list) {
    const std::vector<std::string> alone{item.as_string()->get()};
    const std::string problem = spec.set(settings, alone, spec.range);
    if (problem.empty()) continue;
    report(begin_of(item.source()), fmt::format("{}: {}", spec.name, problem));
    any_bad = true;
  }
  return any_bad;
}

}  // namespace reactord::load
