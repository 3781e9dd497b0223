// SPDX-License-Identifier: MIT
#include "tests/simulation/script/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

#include "tests/simulation/script/listeners.h"

namespace simulation {

namespace {

struct VerbShape {
  std::string_view name;
  bool has_number;
  bool has_text;
};

constexpr VerbShape kVerbs[] = {
#define SIMULATION_VERB(name, has_number, has_text) {#name, has_number, has_text},
    SIMULATION_VERBS(SIMULATION_VERB)
#undef SIMULATION_VERB
};

const VerbShape& shape_of(Verb verb) {
  return kVerbs[static_cast<std::size_t>(verb)];
}

struct FaultPlace {
  std::string_view name;
  int Faults::*place;
};

constexpr FaultPlace kFaults[] = {
    {"interrupted", &Faults::interrupted},
    {"accept_fails", &Faults::accept_fails},
    {"watch_fails", &Faults::watch_fails},
    {"socket_fails", &Faults::socket_fails},
    {"thread_fails", &Faults::thread_fails},
    {"spurious_edges", &Faults::spurious_edges},
    {"frozen", &Faults::frozen},
    {"disk_is_full", &Faults::disk_is_full},
    {"memory_fails", &Faults::memory_fails},
    {"passing_fails", &Faults::passing_fails},
    {"taking_fails", &Faults::taking_fails},
    {"manager_fails", &Faults::manager_fails},
};

class Parser {
 public:
  explicit Parser(std::string_view text) : lines_(std::string(text)) {}

  Script parse() {
    std::string line;
    for (int number = 1; std::getline(lines_, line); ++number) {
      std::istringstream words(line);
      std::string first;
      if (!(words >> first) || first.starts_with('#')) continue;
      if (!parse_line(first, words) || words.bad())
        throw std::runtime_error(fmt::format("line {}: '{}' is no line of a script", number, line));
    }
    return std::move(script_);
  }

 private:
  bool parse_line(const std::string& first, std::istringstream& words) {
    if (first == "seed") return static_cast<bool>(words >> script_.seed);
    if (first == "boot") return static_cast<bool>(words >> script_.boot);
    if (first == "heal") return static_cast<bool>(words >> script_.heal);
    if (first == "rest") return static_cast<bool>(words >> script_.rest);
    if (first == "stop") return static_cast<bool>(words >> script_.stop);
    if (first == "listener") {
      const std::string name = rest_of(words);
      script_.listeners.push_back(name);
      return !listener_text(name).empty();
    }
    if (first == "config") {
      Setting setting;
      words >> setting.section;
      setting.line = rest_of(words);
      script_.settings.push_back(setting);
      return !setting.line.empty();
    }
    if (first == "fault") {
      auto& [name, percent] = script_.faults.emplace_back();
      return static_cast<bool>(words >> name >> percent);
    }
    if (first == "signal") {
      SignalPlan& plan = script_.signals.emplace_back();
      return static_cast<bool>(words >> plan.at >> plan.signal);
    }
    if (first == "client") {
      ClientPlan& plan = script_.clients.emplace_back();
      return static_cast<bool>(words >> plan.number >> plan.persona >> plan.listener >>
                               plan.arrives);
    }
    return parse_action(first, words);
  }

  bool parse_action(const std::string& first, std::istringstream& words) {
    const auto* found = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                     [&](const VerbShape& shape) { return shape.name == first; });
    if (found == std::end(kVerbs) || script_.clients.empty()) return false;
    Action action{static_cast<Verb>(found - std::begin(kVerbs))};
    if (found->has_number && !(words >> action.number)) return false;
    if (found->has_text) action.text = rest_of(words);
    script_.clients.back().actions.push_back(action);
    return true;
  }

  static std::string rest_of(std::istringstream& words) {
    std::string rest;
    std::getline(words >> std::ws, rest);
    return rest;
  }

  std::istringstream lines_;
  Script script_;
};

void append(std::string& text, const ClientPlan& plan) {
  fmt::format_to(std::back_inserter(text), "client {} {} {} {}\n", plan.number, plan.persona,
                 plan.listener, plan.arrives);
  for (const Action& action : plan.actions) {
    const VerbShape& shape = shape_of(action.verb);
    text += fmt::format("  {}", shape.name);
    if (shape.has_number) text += fmt::format(" {}", action.number);
    if (shape.has_text) text += " " + action.text;
    text += '\n';
  }
}

}  // namespace

std::string Script::text() const {
  std::string text = fmt::format("seed {}\nboot {}\n", seed, boot);
  for (const std::string& listener : listeners) text += fmt::format("listener {}\n", listener);
  for (const Setting& setting : settings)
    text += fmt::format("config {} {}\n", setting.section, setting.line);
  for (const auto& [name, percent] : faults) text += fmt::format("fault {} {}\n", name, percent);
  text += fmt::format("heal {}\n", heal);
  for (const ClientPlan& plan : clients) append(text, plan);
  for (const SignalPlan& plan : signals)
    text += fmt::format("signal {} {}\n", plan.at, plan.signal);
  text += fmt::format("rest {}\nstop {}\n", rest, stop);
  return text;
}

Script Script::parse(std::string_view text) {
  return Parser(text).parse();
}

std::string Script::config_text() const {
  std::map<std::string, std::string> sections;
  for (const Setting& setting : settings) sections[setting.section] += setting.line + "\n";
  sections["log"] += "target = \"/var/log/reactord.log\"\n";
  std::string text(kListenersOfAll);
  for (const std::string& listener : listeners) text += listener_text(listener);
  for (const auto& [name, lines] : sections) text += fmt::format("\n[{}]\n{}", name, lines);
  return text;
}

std::vector<std::string> Script::features() const {
  std::set<std::string> features;
  for (const ClientPlan& plan : clients) features.insert(plan.persona);
  for (const std::string& listener : listeners) features.insert("listener_" + listener);
  for (const Setting& setting : settings)
    features.insert(setting.line.substr(0, setting.line.find(' ')));
  for (const auto& [name, percent] : faults) features.insert(name);
  for (const SignalPlan& plan : signals) features.insert(fmt::format("signal_{}", plan.signal));
  return {features.begin(), features.end()};
}

bool Script::has_listener(std::string_view name) const {
  return std::find(listeners.begin(), listeners.end(), name) != listeners.end();
}

std::string Script::value_of(std::string_view section, std::string_view key) const {
  std::string value;
  for (const Setting& setting : settings)
    if (setting.section == section && setting.line.starts_with(fmt::format("{} = ", key)))
      value = setting.line.substr(key.size() + 3);
  return value;
}

int* find_fault(Faults& faults, std::string_view name) {
  for (const FaultPlace& each : kFaults)
    if (each.name == name) return &(faults.*each.place);
  return nullptr;
}

std::vector<std::string> fault_names() {
  std::vector<std::string> names;
  for (const FaultPlace& each : kFaults) names.emplace_back(each.name);
  return names;
}

}  // namespace simulation
