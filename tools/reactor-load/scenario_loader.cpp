// SPDX-License-Identifier: MIT
#include "tools/reactor-load/scenario_loader.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <set>

#include "config/regular_file.h"
#include "config/suggest.h"
#include "config/toml_text.h"
#include "tools/reactor-load/personas.h"
#include "tools/reactor-load/scenario_keys.h"

namespace reactord::load {
namespace {

constexpr std::size_t kMostFileBytes = 4u << 20;
constexpr std::size_t kMostDepth = 8;  // of steps inside steps

struct Problem {
  TextPosition at;
  std::string message;
};

TextPosition begin_of(const toml::source_region& region) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

const KeySpec* find_key(std::span<const KeySpec> keys, std::string_view name) {
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&](const KeySpec& spec) { return spec.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

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

struct ActionKey {
  std::string_view name;
  Action action;
};
constexpr std::array kActions{
    ActionKey{"send", Action::send},
    ActionKey{"bytes", Action::bytes},
    ActionKey{"think", Action::think},
    ActionKey{"connect", Action::connect},
    ActionKey{"reconnect", Action::reconnect},
    ActionKey{"disconnect", Action::disconnect},
    ActionKey{"leave", Action::leave},
    ActionKey{"half_close", Action::half_close},
    ActionKey{"reset", Action::reset},
    ActionKey{"await_replies", Action::await_replies},
    ActionKey{"await_close", Action::await_close},
    ActionKey{"read", Action::read},
    ActionKey{"repeat", Action::repeat},
    ActionKey{"one_of", Action::one_of},
};

/// Keys that say more of one action, and of which.
struct Belongs {
  std::string_view key;
  std::array<Action, 2> to;
};
constexpr std::array kBelongings{
    Belongs{"expect", {Action::send, Action::bytes}},
    Belongs{"name", {Action::send, Action::bytes}},
    Belongs{"times", {Action::send, Action::bytes}},
    Belongs{"piece", {Action::send, Action::bytes}},
    Belongs{"every", {Action::send, Action::bytes}},
    Belongs{"steps", {Action::repeat, Action::repeat}},
};

std::string_view word_of(Action action) {
  const auto found = std::find_if(kActions.begin(), kActions.end(),
                                  [&](const ActionKey& known) { return known.action == action; });
  return found->name;
}

class Reader {
 public:
  Reader(Scenario& scenario, std::vector<Problem>& problems, std::string folder)
      : scenario_(scenario), problems_(problems), folder_(std::move(folder)) {}

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
    if (scenario_.groups.empty() && problems_.empty()) {
      report({1, 1}, "there is no [[group]]: nobody would send anything");
    }
  }

  /// The keys of one group alone: a persona.
  void read_group_keys(const toml::table& table, Group& group) {
    read_keys(table, group_keys(), &group, "[[group]]", {"steps"});
    places_ = 0;
    if (const toml::node* steps = table.get("steps")) {
      group.steps.clear();
      read_steps(*steps, "steps", group.steps, 1);
    }
  }

 private:
  void report(TextPosition at, std::string message) {
    problems_.push_back({at, std::move(message)});
  }

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
    report(begin_of(name.source()), fmt::format("unknown key {}{}", shown(key), hint));
  }

  void read_run(const toml::key& name, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return report(begin_of(name.source()), "expected the table [run]");
    read_keys(*table, run_keys(), &scenario_, "[run]", {});
  }

  void read_groups(const toml::key& name, const toml::node& node) {
    const toml::array* list = node.as_array();
    if (list == nullptr || !list->is_array_of_tables()) {
      return report(begin_of(name.source()),
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
        report(at, fmt::format("there are two groups called {}", shown(group.name)));
      }
    }
    if (group.steps.empty() && table.get("steps") == nullptr && name == nullptr) {
      report(at, fmt::format("{} has no steps: give it steps = [ ... ] or a persona",
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
      report(begin_of(at->source()), fmt::format("thresholds: {}", problem));
    }
  }

  void report_unknown_persona(const toml::node& node, std::string_view name) {
    std::vector<std::string_view> names;
    for (const Persona& persona : personas()) names.push_back(persona.name);
    report(begin_of(node.source()), fmt::format("there is no persona {}{}; see --personas",
                                                shown(name), suggestion(name, names)));
  }

  /// Reads the keys that `keys` declares; those in `others` are read elsewhere.
  void read_keys(const toml::table& table, std::span<const KeySpec> keys, void* settings,
                 std::string_view title, std::initializer_list<std::string_view> others) {
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

  void read_value(const toml::node& node, const KeySpec& spec, void* settings) {
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
  bool report_bad_items(const toml::node& node, const KeySpec& spec, void* settings) {
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

  void read_steps(const toml::node& node, std::string_view key, std::vector<Step>& out,
                  std::size_t depth) {
    const toml::array* list = node.as_array();
    if (list == nullptr || list->empty() || !list->is_homogeneous<toml::table>()) {
      return report(begin_of(node.source()),
                    fmt::format("{}: expected a list of steps: [ {{ send = \"PING\" }} ]", key));
    }
    if (depth > kMostDepth) {
      return report(begin_of(node.source()),
                    fmt::format("steps inside steps more than {} deep", kMostDepth));
    }
    for (const toml::node& item : *list) read_step(*item.as_table(), out, depth);
  }

  void read_step(const toml::table& table, std::vector<Step>& out, std::size_t depth) {
    const std::size_t problems_before = problems_.size();
    StepTexts texts;
    read_keys(table, step_keys(), &texts, "a step", {"steps", "one_of"});
    Step step;
    if (problems_.size() > problems_before || !find_action(table, step)) return;
    fill_in(texts, step);
    if (step.action == Action::send) read_send(table, texts, step);
    if (step.action == Action::bytes) read_bytes(table, texts, step);
    const char* inner = step.action == Action::repeat ? "steps" : "one_of";
    if (step.action == Action::repeat || step.action == Action::one_of) {
      if (const toml::node* steps = table.get(inner)) {
        read_steps(*steps, inner, step.steps, depth + 1);
      } else {
        report(begin_of(table.source()), "repeat needs steps = [ ... ] beside it");
      }
    }
    out.push_back(std::move(step));
  }

  /// Exactly one key says what a step does, and the others belong to it.
  bool find_action(const toml::table& table, Step& step) {
    const TextPosition at = begin_of(table.source());
    std::vector<Action> found;
    for (const ActionKey& known : kActions) {
      if (table.contains(known.name)) found.push_back(known.action);
    }
    if (found.size() != 1) {
      report(at, found.empty() ? std::string("a step does something: send, bytes, think, connect, "
                                             "disconnect, ...; see --keys")
                               : fmt::format("a step does one thing: {} and {} are two",
                                             word_of(found[0]), word_of(found[1])));
      return false;
    }
    step.action = found.front();
    for (const Belongs& rule : kBelongings) {
      if (!table.contains(rule.key) || step.action == rule.to[0] || step.action == rule.to[1])
        continue;
      report(at, fmt::format("{} does not belong to {}", rule.key, word_of(step.action)));
    }
    if (table.contains("piece") != table.contains("every")) {
      report(at, "piece and every belong together");
    }
    if (const auto* flag = table.get(word_of(step.action))->as_boolean();
        flag != nullptr && !flag->get() && step.action != Action::read) {
      report(at, fmt::format("{} = false does nothing: leave the step out", word_of(step.action)));
    }
    return true;
  }

  static void fill_in(const StepTexts& texts, Step& step) {
    step.times = step.action == Action::repeat ? texts.repeat : texts.times;
    step.weight = texts.weight;
    step.pause = texts.think;
    step.patience = texts.await_close;
    step.piece_bytes = texts.piece.bytes;
    step.every = texts.every;
    step.on = texts.read;
  }

  void report_in(const toml::table& table, std::string_view key, std::string_view problem) {
    if (problem.empty()) return;
    report(begin_of(table.get(key)->source()), fmt::format("{}: {}", key, problem));
  }

  void read_send(const toml::table& table, const StepTexts& texts, Step& step) {
    report_in(table, "send", parse_request(texts.send, folder_, places_, step.request));
    step.label = texts.name.empty() ? step.request.label() : texts.name;
    if (step.label.empty()) step.label = "(request)";
    step.expectation = usual_expectation(step.request.label(), step.request.words.size());
    if (!texts.expect.empty()) {
      report_in(table, "expect", parse_expectation(texts.expect, step.expectation));
    }
  }

  void read_bytes(const toml::table& table, const StepTexts& texts, Step& step) {
    step.request.words.resize(1);
    report_in(table, "bytes", parse_word(texts.bytes, folder_, places_, step.request.words[0]));
    step.label = texts.name.empty() ? "(bytes)" : texts.name;
    step.expectation = {Expectation::Kind::none, ""};
    if (!texts.expect.empty()) {
      report_in(table, "expect", parse_expectation(texts.expect, step.expectation));
    }
  }

  Scenario& scenario_;
  std::vector<Problem>& problems_;
  std::string folder_;
  std::size_t places_ = 0;
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
    // toml++ 3.3 looks past the end after some unfinished table headers; see config/loader.cpp.
    const toml::table root = toml::parse(std::string(toml) + "\n");
    Reader(scenario, problems, folder).read(root);
  } catch (const toml::parse_error& error) {
    problems = {{begin_of(error.source()), std::string(error.description())}};
  } catch (const std::exception& error) {
    problems = {{{}, fmt::format("cannot be parsed: {}", error.what())}};
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
