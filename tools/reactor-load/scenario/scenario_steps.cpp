// SPDX-License-Identifier: MIT
#include "tools/reactor-load/scenario/scenario_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace reactord::load {
namespace {

constexpr std::size_t kMostDepth = 8;  // of steps inside steps

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

void fill_in(const StepTexts& texts, Step& step) {
  step.times = step.action == Action::repeat ? texts.repeat : texts.times;
  step.weight = texts.weight;
  step.pause = texts.think;
  step.patience = texts.await_close;
  step.piece_bytes = texts.piece.bytes;
  step.every = texts.every;
  step.on = texts.read;
}

}  // namespace

void StepReader::read(const toml::node& node, std::string_view key, std::vector<Step>& out,
                      std::size_t depth) {
  const toml::array* list = node.as_array();
  if (list == nullptr || list->empty() || !list->is_homogeneous<toml::table>()) {
    return tables_.report(
        begin_of(node.source()),
        fmt::format("{}: expected a list of steps: [ {{ send = \"PING\" }} ]", key));
  }
  if (depth > kMostDepth) {
    return tables_.report(begin_of(node.source()),
                          fmt::format("steps inside steps more than {} deep", kMostDepth));
  }
  for (const toml::node& item : *list) read_step(*item.as_table(), out, depth);
}

void StepReader::read_step(const toml::table& table, std::vector<Step>& out, std::size_t depth) {
  const std::size_t problems_before = tables_.problems();
  StepTexts texts;
  tables_.read_keys(table, step_keys(), &texts, "a step", {"steps", "one_of"});
  Step step;
  if (tables_.problems() > problems_before || !find_action(table, step)) return;
  fill_in(texts, step);
  if (step.action == Action::send) read_send(table, texts, step);
  if (step.action == Action::bytes) read_bytes(table, texts, step);
  const char* inner = step.action == Action::repeat ? "steps" : "one_of";
  if (step.action == Action::repeat || step.action == Action::one_of) {
    if (const toml::node* steps = table.get(inner)) {
      read(*steps, inner, step.steps, depth + 1);
    } else {
      tables_.report(begin_of(table.source()), "repeat needs steps = [ ... ] beside it");
    }
  }
  out.push_back(std::move(step));
}

/// Exactly one key says what a step does, and the others belong to it.
bool StepReader::find_action(const toml::table& table, Step& step) {
  const TextPosition at = begin_of(table.source());
  std::vector<Action> found;
  for (const ActionKey& known : kActions) {
    if (table.contains(known.name)) found.push_back(known.action);
  }
  if (found.size() != 1) {
    tables_.report(at, found.empty()
                           ? std::string("a step does something: send, bytes, think, connect, "
                                         "disconnect, ...; see --keys")
                           : fmt::format("a step does one thing: {} and {} are two",
                                         word_of(found[0]), word_of(found[1])));
    return false;
  }
  step.action = found.front();
  for (const Belongs& rule : kBelongings) {
    if (!table.contains(rule.key) || step.action == rule.to[0] || step.action == rule.to[1])
      continue;
    tables_.report(at, fmt::format("{} does not belong to {}", rule.key, word_of(step.action)));
  }
  if (table.contains("piece") != table.contains("every")) {
    tables_.report(at, "piece and every belong together");
  }
  if (const auto* flag = table.get(word_of(step.action))->as_boolean();
      flag != nullptr && !flag->get() && step.action != Action::read) {
    tables_.report(
        at, fmt::format("{} = false does nothing: leave the step out", word_of(step.action)));
  }
  return true;
}

void StepReader::report_in(const toml::table& table, std::string_view key,
                           std::string_view problem) {
  if (problem.empty()) return;
  tables_.report(begin_of(table.get(key)->source()), fmt::format("{}: {}", key, problem));
}

void StepReader::read_send(const toml::table& table, const StepTexts& texts, Step& step) {
  report_in(table, "send", parse_request(texts.send, folder_, places_, step.request));
  step.label = texts.name.empty() ? step.request.label() : texts.name;
  if (step.label.empty()) step.label = "(request)";
  step.expectation = usual_expectation(step.request.label(), step.request.words.size());
  if (!texts.expect.empty()) {
    report_in(table, "expect", parse_expectation(texts.expect, step.expectation));
  }
}

void StepReader::read_bytes(const toml::table& table, const StepTexts& texts, Step& step) {
  step.request.words.resize(1);
  report_in(table, "bytes", parse_word(texts.bytes, folder_, places_, step.request.words[0]));
  step.label = texts.name.empty() ? "(bytes)" : texts.name;
  step.expectation = {Expectation::Kind::none, ""};
  if (!texts.expect.empty()) {
    report_in(table, "expect", parse_expectation(texts.expect, step.expectation));
  }
}

}  // namespace reactord::load
