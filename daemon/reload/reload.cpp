// SPDX-License-Identifier: MIT
#include "daemon/reload/reload.h"

#include <fmt/format.h>

#include <utility>

namespace reactord {

ReloadOutcome Reload::run(const std::string& request) {
  ReloadOutcome outcome = load_and_apply();
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

ReloadOutcome Reload::load_and_apply() {
  LoadedConfig loaded = source_.load(handlers_);
  if (!loaded.ok()) return {.problems = source_.describe(loaded.problems)};
  const LogLevel level = loaded.config.log.level;
  keep_live_level(loaded.config);
  if (std::vector<std::string> problems = prepare(loaded.config); !problems.empty())
    return {.problems = std::move(problems)};
  level_in_file_ = level;
  return commit(loaded.config);
}

/// A rotation's SIGHUP is no wish to end what LOG LEVEL has begun.
void Reload::keep_live_level(Config& next) const {
  if (next.log.level == level_in_file_) next.log.level = config_.log.level;
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

ReloadOutcome Reload::commit(const Config& next) {
  ReloadOutcome outcome;
  for (const Change& change : changes_between(config_, next, handlers_)) tell(change, outcome);
  config_ = merge_reloadable(config_, next, handlers_);
  apply_(config_);
  listeners_.commit(config_);
  return outcome;
}

void Reload::tell(const Change& change, ReloadOutcome& outcome) {
  const bool is_applied = change.apply == Apply::reload;
  events_.record(is_applied ? Event::setting_changed : Event::setting_needs_restart,
                 {{"path", change.path}, {"before", change.before}, {"after", change.after}});
  (is_applied ? outcome.applied : outcome.needs_restart)
      .push_back(
          fmt::format("{} changed from '{}' to '{}'", change.path, change.before, change.after));
}

}  // namespace reactord
