// SPDX-License-Identifier: MIT
#include "config/toml/toml_items.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <variant>

#include "config/secrets/secret_text.h"

namespace reactord {

TextPosition begin_of(const toml::source_region& region) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::none:
      return "nothing";
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number with a point";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::date:
      return "a date";
    case toml::node_type::time:
      return "a time";
    case toml::node_type::date_time:
      return "a date and time";
  }
  return "something else";
}

namespace {

/// A value in the schema's terms; nothing when no setting can have one like it.
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

/// It may be the hash of a password.
void wipe(ConfigValue& value) {
  if (auto* const text = std::get_if<std::string>(&value)) reactord::wipe(*text);
  if (auto* const list = std::get_if<std::vector<std::string>>(&value))
    for (std::string& item : *list) reactord::wipe(item);
}

std::vector<ValueProblem> wrong_kinds(const toml::node& node, const KeySpec& spec) {
  const toml::array* list = node.as_array();
  if (list == nullptr)
    return {
        {begin_of(node.source()), fmt::format("expected {}, found {}", spec.type, kind_of(node))}};
  std::vector<ValueProblem> wrong;
  for (const toml::node& item : *list) {
    if (item.is_string()) continue;
    wrong.push_back({begin_of(item.source()),
                     fmt::format("a list has texts in quotes alone, found {}", kind_of(item))});
  }
  return wrong;
}

/// Tries each item of a list by itself. Empty where the value is no list, or where no item is bad
/// alone.
std::vector<ValueProblem> bad_items(const toml::node& node, const KeySpec& spec, void* settings) {
  std::vector<ValueProblem> bad;
  const toml::array* list = node.as_array();
  const bool takes_list = std::holds_alternative<std::vector<std::string>>(spec.get(settings));
  if (list == nullptr || !takes_list) return bad;
  for (const toml::node& item : *list) {
    const std::vector<std::string> alone{item.as_string()->get()};
    // The range bounds how many there may be, which is not the fault of one.
    std::string problem = spec.set(settings, alone, ValueRange{});
    if (!problem.empty()) bad.push_back({begin_of(item.source()), std::move(problem)});
  }
  return bad;
}

}  // namespace

std::vector<ValueProblem> set_value(const toml::node& node, const KeySpec& spec, void* settings) {
  std::optional<ConfigValue> value = to_value(node);
  if (!value) return wrong_kinds(node, spec);
  std::string problem = spec.set(settings, *value, spec.range);
  wipe(*value);
  if (problem.empty()) return {};
  std::vector<ValueProblem> problems = bad_items(node, spec, settings);
  if (problems.empty()) problems.push_back({begin_of(node.source()), std::move(problem)});
  return problems;
}

}  // namespace reactord
