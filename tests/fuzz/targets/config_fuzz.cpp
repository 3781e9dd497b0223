// SPDX-License-Identifier: MIT
// Configurations of any bytes: what is good can be printed, and is the same when that is read; what
// is not has problems, each in one line, at a place that the file has. The tables are those of the
// daemon with all its handlers.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/print_config.h"
#include "config/reload.h"
#include "config/tables.h"
#include "config/toml/loader.h"
#include "config/users/user_tables.h"
#include "daemon/interface/registry.h"
#include "tests/fuzz/require.h"

namespace {

using namespace reactord;
using test::require;
using test::require_same;

bool is_one_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

/// What has no place in the file is what is wrong with the file, or that there is more.
bool may_be_without_place(std::string_view message) {
  return message.starts_with("and ") || message.starts_with("is larger") ||
         message.starts_with("cannot be parsed");
}

void check_problem(const ConfigProblem& problem, std::string_view toml) {
  const std::string text = to_string(problem, "x.toml");
  require(is_one_line(text), text.c_str());
  require(!problem.message.empty(), "a problem without words");
  if (problem.line == 0) return require(may_be_without_place(problem.message), text.c_str());
  require(text.starts_with("x.toml:" + std::to_string(problem.line) + ":"), text.c_str());
  const auto lines = 1 + std::count(toml.begin(), toml.end(), '\n');
  require(problem.line >= 1 && problem.line <= lines + 1, ("not in the file: " + text).c_str());
  require(problem.column >= 1, text.c_str());
}

/// Nobody's password is printed.
bool has_hidden(const Config& config) {
  return std::any_of(config.users.begin(), config.users.end(), has_hidden_password);
}

void check_printed(const Config& config) {
  const std::string printed = print_config(config, handler_tables());
  if (has_hidden(config)) return;
  const LoadedConfig again = parse_config(printed, handler_tables());
  for (const ConfigProblem& problem : again.problems)
    require_same(printed, to_string(problem, "printed"), "what was printed is not good");
  for (const Change& change : changes_between(config, again.config, handler_tables()))
    require_same(change.before, change.after, "printed another way: " + change.path);
  require_same(printed, print_config(again.config, handler_tables()), "printed twice, two texts");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostBytes = 8000;
  constexpr std::size_t kMostProblems = 101;
  if (size > kMostBytes) return 0;
  const std::vector<char> copy(data, data + size);
  const std::string_view toml(copy.data(), copy.size());
  const LoadedConfig loaded = parse_config(toml, handler_tables());
  require(loaded.problems.size() <= kMostProblems, "more problems than anybody reads");
  for (const ConfigProblem& problem : loaded.problems) check_problem(problem, toml);
  if (loaded.ok()) check_printed(loaded.config);
  return 0;
}
