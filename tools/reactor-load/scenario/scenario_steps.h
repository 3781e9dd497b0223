// SPDX-License-Identifier: MIT
// The steps of a group: what each does, and that its keys belong together.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <string_view>
#include <vector>

#include "tools/reactor-load/scenario/scenario.h"
#include "tools/reactor-load/scenario/scenario_keys.h"
#include "tools/reactor-load/scenario/toml_tables.h"

namespace reactord::load {

/// For the steps of one group: its generators are counted.
class StepReader {
 public:
  /// The files of generators are relative to `folder`.
  StepReader(TableReader& tables, std::string folder)
      : tables_(tables), folder_(std::move(folder)) {}

  /// `key` is whose list of steps `node` is; `depth` is how deep it lies in others.
  void read(const toml::node& node, std::string_view key, std::vector<Step>& out,
            std::size_t depth = 1);

 private:
  void read_step(const toml::table& table, std::vector<Step>& out, std::size_t depth);
  bool find_action(const toml::table& table, Step& step);
  void read_send(const toml::table& table, const StepTexts& texts, Step& step);
  void read_bytes(const toml::table& table, const StepTexts& texts, Step& step);
  void report_in(const toml::table& table, std::string_view key, std::string_view problem);

  TableReader& tables_;
  std::string folder_;
  std::size_t places_ = 0;
};

}  // namespace reactord::load
