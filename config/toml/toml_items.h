// SPDX-License-Identifier: MIT
// A node of a parsed document in the schema's terms, for whoever reads TOML key by key: the
// configuration, and a load generator's scenario. Knows no key and no table. Only files that read
// TOML may include it: it brings toml++ along (tools/scripts/check_layers.py has their list).
#pragma once

#include <toml++/toml.h>

#include <optional>
#include <string>
#include <vector>

#include "config/schema.h"
#include "config/toml_text.h"

namespace reactord {

[[nodiscard]] TextPosition begin_of(const toml::source_region& region);

/// A value in the schema's terms; nothing when no setting can have one like it.
[[nodiscard]] std::optional<ConfigValue> to_value(const toml::node& node);

/// What is wrong with one item of a list.
struct ItemProblem {
  TextPosition at;
  std::string problem;
};

/// Tries each item of a list by itself, so that a message can point at it. Empty where the value is
/// no list, or where no item is bad alone. `node` is one that to_value() has read.
[[nodiscard]] std::vector<ItemProblem> find_bad_items(const toml::node& node, const KeySpec& spec,
                                                      void* settings);

}  // namespace reactord
