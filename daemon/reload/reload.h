// SPDX-License-Identifier: MIT
// A reload: loads the configuration again and puts it in force as a whole, or not at all. Knows in
// which order the parts may be changed so that the last one that can fail is the last one asked;
// how each of them changes is its own.
//
//   load -> listeners open what is new -> the log -> nothing can fail any more -> apply, tell
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

class Reload {
 public:
  /// `check` has the problem with what the process may have, or ""; `apply` puts in force what
  /// cannot fail.
  Reload(Config& config, const ConfigSource& source, std::span<const HandlerTableSpec> handlers,
         EventLog& events, ListenerSet& listeners, std::function<std::string(const Config&)> check,
         std::function<void(const Config&)> apply)
      : config_(config),
        source_(source),
        handlers_(handlers),
        events_(events),
        listeners_(listeners),
        check_(std::move(check)),
        apply_(std::move(apply)),
        level_in_file_(config.log.level) {}

  /// The level of the log in the file: LOG LEVEL may have set another, which lasts until the file's
  /// changes.
  [[nodiscard]] LogLevel level_in_file() const { return level_in_file_; }

  /// `request` says who asked, for the log.
  [[nodiscard]] ReloadOutcome run(const std::string& request);

 private:
  [[nodiscard]] ReloadOutcome load_and_apply();
  void keep_live_level(Config& next) const;
  void reopen_log(std::vector<std::string>& problems);
  [[nodiscard]] std::vector<std::string> prepare(const Config& next);
  [[nodiscard]] ReloadOutcome commit(const Config& next);
  void tell(const Change& change, ReloadOutcome& outcome);

  Config& config_;
  const ConfigSource& source_;
  std::span<const HandlerTableSpec> handlers_;
  EventLog& events_;
  ListenerSet& listeners_;
  std::function<std::string(const Config&)> check_;
  std::function<void(const Config&)> apply_;
  LogLevel level_in_file_;
};

}  // namespace reactord
