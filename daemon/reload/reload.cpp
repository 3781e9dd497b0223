// SPDX-License-Identifier: MIT
#include "daemon/reload/reload.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/tables.h"
#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// Of a value before and after a change, in the log and in answers: an allow list may have
/// thousands of entries.
constexpr std::size_t kMaxShownBytes = 1u << 10;

void shorten(std::string& value) {
  if (value.size() <= kMaxShownBytes) return;
  value.resize(kMaxShownBytes);
  value += "...";
}

}  // namespace

std::vector<Setting> sorted_settings(const Config& config,
                                     std::span<const HandlerTableSpec> handlers) {
  std::vector<Setting> settings = settings_of(config, handlers);
  std::sort(settings.begin(), settings.end(),
            [](const Setting& a, const Setting& b) { return a.path < b.path; });
  return settings;
}

ReloadPlan Reload::plan(const Config& running) const noexcept {
  ReloadPlan plan;
  if (!has_memory_for([&] { plan = load_and_compare(running); })) {
    plan = {};
    plan.has_failed = true;
  }
  return plan;
}

ReloadPlan Reload::load_and_compare(const Config& running) const {
  ReloadPlan plan;
  LoadedConfig loaded = source_.load(handlers_);
  plan.problems = source_.describe(loaded.problems);
  if (!loaded.ok()) return plan;
  plan.next = std::move(loaded.config);
  plan.level_in_file = plan.next.log.level;
  plan.access_in_file = plan.next.log.access_sample;
  plan.levels_in_file = plan.next.log.levels;
  keep_live_log(plan.next, running.log, plan);
  plan.merged = merge_reloadable(running, plan.next, handlers_);
  plan.changes = changes_between(running, plan.next, handlers_);
  for (Change& change : plan.changes) {
    shorten(change.before);
    shorten(change.after);
  }
  plan.settings = sorted_settings(plan.merged, handlers_);
  return plan;
}

ReloadOutcome Reload::finish(const std::string& request, ReloadPlan plan) {
  ReloadOutcome outcome = put_in_force(plan);
  if (!outcome.problems.empty()) reopen_log(outcome.problems);
  for (const std::string& problem : outcome.problems)
    events_.record(Event::config_problem, {{"problem", problem}});
  if (outcome.problems.empty())
    events_.record(Event::reloaded, {{"request", request}});
  else
    events_.record(Event::reload_failed,
                   {{"request", request}, {"problems", std::to_string(outcome.problems.size())}});
  return outcome;
}

ReloadOutcome Reload::put_in_force(ReloadPlan& plan) {
  if (plan.has_failed) return {.problems = {"the system has no memory to load the configuration"}};
  if (!plan.problems.empty()) return {.problems = std::move(plan.problems)};
  keep_live_log(plan.next, config_.log, plan);
  plan.merged.log.level = plan.next.log.level;
  plan.merged.log.access_sample = plan.next.log.access_sample;
  plan.merged.log.levels = plan.next.log.levels;
  if (std::vector<std::string> problems = prepare(plan.next); !problems.empty())
    return {.problems = std::move(problems)};
  level_in_file_ = plan.level_in_file;
  access_in_file_ = plan.access_in_file;
  levels_in_file_ = plan.levels_in_file;
  return commit(plan);
}

/// A rotation's SIGHUP is no wish to end what LOG LEVEL, LEVELS or ACCESS has begun.
void Reload::keep_live_log(Config& next, const LogSettings& running, const ReloadPlan& plan) const {
  if (plan.level_in_file == level_in_file_) next.log.level = running.level;
  if (plan.access_in_file == access_in_file_) next.log.access_sample = running.access_sample;
  if (plan.levels_in_file == levels_in_file_) next.log.levels = running.levels;
}

/// Whoever has rotated the log must not find the daemon writing to the old file because of a
/// mistake elsewhere.
void Reload::reopen_log(std::vector<std::string>& problems) {
  if (std::string problem = events_.reopen(); !problem.empty() && problem != problems.back())
    problems.push_back(std::move(problem));
}

std::vector<std::string> Reload::prepare(const Config& next) {
  if (std::string problem = check_(next); !problem.empty()) return {std::move(problem)};
  if (std::string problem = listeners_.prepare(next); !problem.empty()) return {std::move(problem)};
  if (std::string problem = events_.reconfigure(next.log); !problem.empty()) {
    listeners_.discard();
    return {std::move(problem)};
  }
  return {};
}

ReloadOutcome Reload::commit(ReloadPlan& plan) {
  ReloadOutcome outcome;
  for (const Change& change : plan.changes) tell(change, outcome);
  config_ = std::move(plan.merged);
  apply_(config_, std::move(plan.settings));
  listeners_.commit(config_);
  return outcome;
}

void Reload::tell(const Change& change, ReloadOutcome& outcome) {
  const bool is_applied = change.apply == reactord::Apply::reload;
  events_.record(is_applied ? Event::setting_changed : Event::setting_needs_restart,
                 {{"path", change.path}, {"before", change.before}, {"after", change.after}});
  (is_applied ? outcome.applied : outcome.needs_restart)
      .push_back(
          fmt::format("{} changed from '{}' to '{}'", change.path, change.before, change.after));
}

}  // namespace reactord
