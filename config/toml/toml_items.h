// SPDX-License-Identifier: MIT
// A node of a parsed document in the schema's terms, for whoever reads TOML key by key: the
// configuration, and a load generator's scenario. Knows no key and no table. Only files that read
// TOML may include it: it brings toml++ along (tools/scripts/check_layers.py has their list).
#pragma once

#include <toml++/toml.h>

#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "config/text/toml_text.h"

namespace reactord {

[[nodiscard]] TextPosition begin_of(const toml::source_region& region);

/// For messages: "a text", "a list".
[[nodiscard]] std::string_view kind_of(const toml::node& node);

struct ValueProblem {
  TextPosition at;
  std::string problem;
};

/// Stores a key's value; what is wrong with it otherwise. Of a list, each bad item is told at its
/// own place.
[[nodiscard]] std::vector<ValueProblem> set_value(const toml::node& node, const KeySpec& spec,
                                                  void* settings);

}  // namespace reactord
