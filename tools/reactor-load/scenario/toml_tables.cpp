// SPDX-License-Identifier: MIT
#include "tools/reactor-load/scenario/toml_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/text/suggest.h"

namespace reactord::load {

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
  for (const ValueProblem& each : set_value(node, spec, settings))
    report(each.at, fmt::format("{}: {}", spec.name, each.problem));
}

}  // namespace reactord::load
