// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/doctor/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "tools/reactor-cli/doctor/rules.h"

namespace reactord::cli {
namespace {

constexpr double kHourInSeconds = 3600;

/// Calls `take(name)` for each of what the rule reads.
template <class Take>
void for_each_read(const Rule& rule, Take&& take) {
  for (std::string_view rest = rule.reads; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find(' '));
    take(name);
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
}

bool is_told(const Rule& rule, const Figures& figures) {
  bool all = true;
  for_each_read(rule, [&](std::string_view name) { all = all && figures.has(name); });
  return all;
}

std::optional<Advice> judge(const Rule& rule, const Figures& figures) {
  if (rule.judge != nullptr) return rule.judge(figures);
  double count = 0;
  for_each_read(rule, [&](std::string_view name) { count += number(figures, name); });
  const auto& [noun, says, set] = rule.happened;
  return advise(count > 0, fmt::format(fmt::runtime(says), counted(count, noun)), std::string(set));
}

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::wrong:
      return "wrong";
    case Severity::near:
      return "near";
    case Severity::note:
      break;
  }
  return "note";
}

std::vector<const Rule*> rules() {
  std::vector<const Rule*> all;
  for (const std::span<const Rule> part :
       {rules_of_network(), rules_of_limits(), rules_of_load(), rules_of_restarts()})
    for (const Rule& rule : part) all.push_back(&rule);
  std::stable_sort(all.begin(), all.end(), [](const Rule* one, const Rule* other) {
    return one->severity < other->severity;
  });
  return all;
}

Diagnosis diagnose(const Figures& figures) {
  Diagnosis diagnosis;
  for (const Rule* rule : rules()) {
    if (!is_told(*rule, figures))
      diagnosis.not_judged.push_back(rule);
    else if (std::optional<Advice> advice = judge(*rule, figures))
      diagnosis.findings.push_back({rule, std::move(*advice)});
  }
  return diagnosis;
}

void add_clients(std::string_view list, Figures& figures) {
  std::size_t idle = 0;
  double most = 0;
  std::string who;
  for (const auto& [id, client] : client_list(list)) {
    if (client.number_or("idle", 0) >= kHourInSeconds) ++idle;
    const double unsent = client.number_or("omem", 0);
    if (unsent <= most) continue;
    most = unsent;
    who = fmt::format("client {} at {}", id, client.text("addr"));
  }
  figures.set("clients_idle_hour", std::to_string(idle));
  figures.set("clients_most_omem", fmt::format("{:.0f}", most));
  figures.set("clients_most_omem_who", who);
}

std::optional<double> size_of(std::string_view text) {
  struct Unit {
    std::string_view name;
    double bytes;
  };
  constexpr Unit kUnits[] = {
      {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1024.0 * (1 << 30)},
      {"", 1}};
  double number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, number);
  if (problem != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  for (const Unit& known : kUnits)
    if (unit == known.name) return number * known.bytes;
  return std::nullopt;
}

}  // namespace reactord::cli
