// SPDX-License-Identifier: MIT
#include "tools/reactor-load/scenario/scenario_loader.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <exception>

#include "config/text/suggest.h"
#include "config/text/toml_text.h"
#include "config/toml/regular_file.h"
#include "tools/reactor-load/scenario/personas.h"
#include "tools/reactor-load/scenario/scenario_keys.h"
#include "tools/reactor-load/scenario/scenario_steps.h"
#include "tools/reactor-load/scenario/toml_tables.h"

namespace reactord::load {
namespace {

constexpr std::size_t kMostFileBytes = 4u << 20;

class Reader {
 public:
  Reader(Scenario& scenario, std::vector<Problem>& problems, std::string folder)
      : scenario_(scenario), tables_(problems), folder_(std::move(folder)) {}

  void read(const toml::table& root) {
    for (const auto& [name, node] : root) {
      if (name.str() == "run") {
        read_run(name, node);
      } else if (name.str() == "group") {
        read_groups(name, node);
      } else {
        report_unknown_root(name);
      }
    }
    check_thresholds(root);
    if (scenario_.groups.empty() && tables_.problems() == 0) {
      tables_.report({1, 1}, "there is no [[group]]: nobody would send anything");
    }
  }

  /// The keys of one group alone: a persona.
  void read_group_keys(const toml::table& table, Group& group) {
    tables_.read_keys(table, group_keys(), &group, "[[group]]", {"steps"});
    if (const toml::node* steps = table.get("steps")) {
      group.steps.clear();
      StepReader(tables_, folder_).read(*steps, "steps", group.steps);
    }
  }

 private:
  void report_unknown_root(const toml::key& name) {
    const std::string_view key = name.str();
    std::string hint;
    if (find_key(run_keys(), key) != nullptr) {
      hint = "; it belongs in [run]";
    } else if (find_key(group_keys(), key) != nullptr || key == "steps") {
      hint = "; it belongs in [[group]]";
    } else {
      constexpr std::array<std::string_view, 2> kTables{"run", "group"};
      hint = suggestion(key, kTables);
    }
    tables_.report(begin_of(name.source()), fmt::format("unknown key {}{}", shown(key), hint));
  }

  void read_run(const toml::key& name, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr)
      return tables_.report(begin_of(name.source()), "expected the table [run]");
    tables_.read_keys(*table, run_keys(), &scenario_, "[run]", {});
  }

  void read_groups(const toml::key& name, const toml::node& node) {
    const toml::array* list = node.as_array();
    if (list == nullptr || !list->is_array_of_tables()) {
      return tables_.report(begin_of(name.source()),
                            "expected [[group]] in double brackets, because there may be several");
    }
    for (const toml::node& item : *list) read_group(*item.as_table());
  }

  void read_group(const toml::table& table) {
    Group group;
    const toml::node* persona = table.get("persona");
    const auto* name = persona == nullptr ? nullptr : persona->as_string();
    if (name != nullptr && !apply_persona(name->get(), group)) {
      report_unknown_persona(*persona, name->get());
    }
    read_group_keys(table, group);
    const TextPosition at = begin_of(table.source());
    if (group.name.empty()) group.name = group.persona;
    if (group.name.empty()) group.name = fmt::format("group {}", scenario_.groups.size() + 1);
    for (const Group& other : scenario_.groups) {
      if (other.name == group.name) {
        tables_.report(at, fmt::format("there are two groups called {}", shown(group.name)));
      }
    }
    if (group.steps.empty() && table.get("steps") == nullptr && name == nullptr) {
      tables_.report(at, fmt::format("{} has no steps: give it steps = [ ... ] or a persona",
                                     shown(group.name)));
    }
    for (Threshold& threshold : group.thresholds) threshold.group = group.name;
    scenario_.groups.push_back(std::move(group));
  }

  /// Once all groups are known: what is said of single commands.
  void check_thresholds(const toml::table& root) {
    check_thresholds_in(root["run"]["thresholds"], scenario_.thresholds);
    for (std::size_t i = 0; i < scenario_.groups.size(); ++i) {
      check_thresholds_in(root["group"][i]["thresholds"], scenario_.groups[i].thresholds);
    }
  }

  void check_thresholds_in(toml::node_view<const toml::node> node,
                           const std::vector<Threshold>& thresholds) {
    const toml::array* list = node.as_array();
    for (std::size_t i = 0; i < thresholds.size(); ++i) {
      const std::string problem = unknown_command(thresholds[i], scenario_.groups);
      if (problem.empty()) continue;
      const toml::node* at = list == nullptr ? node.node() : list->get(i);
      tables_.report(begin_of(at->source()), fmt::format("thresholds: {}", problem));
    }
  }

  void report_unknown_persona(const toml::node& node, std::string_view name) {
    std::vector<std::string_view> names;
    for (const Persona& persona : personas()) names.push_back(persona.name);
    tables_.report(begin_of(node.source()), fmt::format("there is no persona {}{}; see --personas",
                                                        shown(name), suggestion(name, names)));
  }

  Scenario& scenario_;
  TableReader tables_;
  std::string folder_;
};

/// What a parser must not see. Returns whether the text may be parsed.
bool check_text(std::string_view toml, std::vector<Problem>& problems) {
  if (toml.size() > kMostFileBytes) {
    problems.push_back({{}, fmt::format("is larger than {} bytes", kMostFileBytes)});
  } else if (const auto bad_byte = find_invalid_utf8(toml)) {
    problems.push_back({position_of(toml, *bad_byte), "a byte that is not UTF-8"});
  } else if (const auto deep_key = find_too_deep_key(toml)) {
    problems.push_back({position_of(toml, *deep_key), "a key of too many dotted parts"});
  }
  return problems.empty();
}

void parse_into(Scenario& scenario, std::string_view toml, const std::string& folder,
                std::vector<Problem>& problems) {
  try {
    // toml++ 3.3 looks past the end after some unfinished table headers; see
    // config/toml/loader.cpp.
    const toml::table root = toml::parse(std::string(toml) + "\n");
    Reader(scenario, problems, folder).read(root);
  } catch (const toml::parse_error& error) {
    problems = {{begin_of(error.source()), on_one_line(error.description())}};
  } catch (const std::exception& error) {
    problems = {{{}, fmt::format("cannot be parsed: {}", on_one_line(error.what()))}};
  }
}

std::string to_string(const Problem& problem, std::string_view file) {
  if (problem.at.line == 0) return fmt::format("{}: {}", file, problem.message);
  return fmt::format("{}:{}:{}: {}", file, problem.at.line, problem.at.column, problem.message);
}

/// A scenario that says nothing of its end has one.
void set_usual_end(Scenario& scenario) {
  const bool bounded = std::all_of(
      scenario.groups.begin(), scenario.groups.end(),
      [](const Group& group) { return group.requests > 0 || group.loops > 0 || group.hostile; });
  const bool any_honest = std::any_of(scenario.groups.begin(), scenario.groups.end(),
                                      [](const Group& group) { return !group.hostile; });
  if (scenario.duration.count() == 0 && !(bounded && any_honest)) {
    scenario.duration = kUsualDuration;
  }
}

void add_labels(const std::vector<Step>& steps, std::vector<std::string_view>& labels) {
  for (const Step& step : steps) {
    if (!step.label.empty()) labels.push_back(step.label);
    add_labels(step.steps, labels);
  }
}

}  // namespace

std::string unknown_command(const Threshold& threshold, const std::vector<Group>& groups) {
  if (threshold.command.empty()) return {};
  std::vector<std::string_view> labels;
  for (const Group& group : groups) {
    if (threshold.group.empty() ? !group.hostile : group.name == threshold.group) {
      add_labels(group.steps, labels);
    }
  }
  if (std::find(labels.begin(), labels.end(), threshold.command) != labels.end()) return {};
  return fmt::format("no request is called {}{}", shown(threshold.command),
                     suggestion(threshold.command, labels));
}

bool apply_persona(std::string_view name, Group& group) {
  for (const Persona& persona : personas()) {
    if (persona.name != name) continue;
    Scenario unused;
    std::vector<Problem> problems;
    Reader(unused, problems, "").read_group_keys(toml::parse(persona.toml), group);
    group.persona = name;
    return problems.empty();
  }
  return false;
}

LoadedScenario parse_scenario(std::string_view toml, std::string_view file,
                              const std::string& folder) {
  LoadedScenario loaded;
  loaded.scenario.source = toml;
  std::vector<Problem> problems;
  if (check_text(toml, problems)) parse_into(loaded.scenario, toml, folder, problems);
  std::stable_sort(problems.begin(), problems.end(),
                   [](const Problem& a, const Problem& b) { return a.at < b.at; });
  for (const Problem& problem : problems) loaded.problems.push_back(to_string(problem, file));
  set_usual_end(loaded.scenario);
  return loaded;
}

LoadedScenario load_scenario(const std::string& path) {
  std::string toml;
  if (std::string problem = read_regular_file(path, kMostFileBytes, toml); !problem.empty()) {
    LoadedScenario loaded;
    loaded.problems.push_back(fmt::format("{} {}", path, problem));
    return loaded;
  }
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash);
  LoadedScenario loaded = parse_scenario(toml, path, folder);
  if (loaded.scenario.title.empty()) {
    loaded.scenario.title = slash == std::string::npos ? path : path.substr(slash + 1);
  }
  return loaded;
}

}  // namespace reactord::load
