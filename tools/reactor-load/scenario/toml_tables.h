// SPDX-License-Identifier: MIT
// TOML tables, read key by key as the keys are declared; every problem with its place. Knows no
// key.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "config/text/toml_text.h"
#include "config/toml/toml_items.h"

namespace reactord::load {

struct Problem {
  TextPosition at;
  std::string message;
};

class TableReader {
 public:
  explicit TableReader(std::vector<Problem>& problems) : problems_(problems) {}

  void report(TextPosition at, std::string message) {
    problems_.push_back({at, std::move(message)});
  }
  [[nodiscard]] std::size_t problems() const { return problems_.size(); }

  /// Reads the keys that `keys` declares; those in `others` are read elsewhere.
  void read_keys(const toml::table& table, std::span<const KeySpec> keys, void* settings,
                 std::string_view title, std::initializer_list<std::string_view> others);

 private:
  void read_value(const toml::node& node, const KeySpec& spec, void* settings);

  std::vector<Problem>& problems_;
};

}  // namespace reactord::load
