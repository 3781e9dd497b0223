// SPDX-License-Identifier: MIT
#include "config/toml/toml_items.h"

#include <utility>
#include <variant>

namespace reactord {

TextPosition begin_of(const toml::source_region& region) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

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

std::vector<ItemProblem> find_bad_items(const toml::node& node, const KeySpec& spec,
                                        void* settings) {
  std::vector<ItemProblem> bad;
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

}  // namespace reactord
