// SPDX-License-Identifier: MIT
// A reload: loads the configuration again and puts it in force as a whole, or not at all. Knows in
// which order the parts may be changed so that the last one that can fail is the last one asked;
// how each of them changes is its own.
//
//   plan(): load, compare -> finish(): listeners open what is new -> the log -> nothing can fail
//   any
//                                      more -> apply, tell
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/reload.h"
#include "daemon/admission/listener_set.h"
#include "daemon/interface/service.h"
#include "daemon/log/event_log.h"
#include "daemon/reload/config_source.h"

namespace reactord {

/// What a reload is going to do, worked out beside the loop: all that takes time.
struct ReloadPlan {
  bool has_failed = false;            ///< there was no memory for it
  std::vector<std::string> problems;  ///< empty: the rest counts
  Config next;                        ///< as loaded
  Config merged;                      ///< as it will be in force
  LogLevel level_in_file = LogLevel::info;
  std::int64_t access_in_file = 0;          ///< log.access_sample
  std::vector<std::string> levels_in_file;  ///< log.levels
  std::vector<Change> changes;
  std::vector<Setting> settings;  ///< of `merged`, sorted by path
};

/// The settings in force, sorted by path.
[[nodiscard]] std::vector<Setting> sorted_settings(const Config& config,
                                                   std::span<const HandlerTableSpec> handlers);

class Reload {
 public:
  using Apply = std::function<void(const Config&, std::vector<Setting>)>;

  /// `check` has the problem with what the process may have, or ""; `apply` puts in force what
  /// cannot fail.
  Reload(Config& config, const ConfigSource& source, std::span<const HandlerTableSpec> handlers,
         EventLog& events, ListenerSet& listeners, std::function<std::string(const Config&)> check,
         Apply apply)
      : config_(config),
        source_(source),
        handlers_(handlers),
        events_(events),
        listeners_(listeners),
        check_(std::move(check)),
        apply_(std::move(apply)),
        level_in_file_(config.log.level),
        access_in_file_(config.log.access_sample),
        levels_in_file_(config.log.levels) {}

  /// The level of the log in the file: LOG LEVEL may have set another, which lasts until the file's
  /// changes.
  [[nodiscard]] LogLevel level_in_file() const { return level_in_file_; }

  /// Touches nothing that the loop uses, so that a thread of its own can run it: `running` is a
  /// copy of the configuration in force. Throws nothing.
  [[nodiscard]] ReloadPlan plan(const Config& running) const noexcept;
  /// `request` says who asked, for the log.
  [[nodiscard]] ReloadOutcome finish(const std::string& request, ReloadPlan plan);

 private:
  [[nodiscard]] ReloadPlan load_and_compare(const Config& running) const;
  [[nodiscard]] ReloadOutcome put_in_force(ReloadPlan& plan);
  void keep_live_log(Config& next, const LogSettings& running, const ReloadPlan& plan) const;
  void reopen_log(std::vector<std::string>& problems);
  [[nodiscard]] std::vector<std::string> prepare(const Config& next);
  [[nodiscard]] ReloadOutcome commit(ReloadPlan& plan);
  void tell(const Change& change, ReloadOutcome& outcome);

  Config& config_;
  const ConfigSource& source_;
  std::span<const HandlerTableSpec> handlers_;
  EventLog& events_;
  ListenerSet& listeners_;
  std::function<std::string(const Config&)> check_;
  Apply apply_;
  LogLevel level_in_file_;
  std::int64_t access_in_file_;
  std::vector<std::string> levels_in_file_;
};

}  // namespace reactord
