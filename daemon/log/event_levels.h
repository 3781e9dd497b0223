// SPDX-License-Identifier: MIT
// The level of each kind of event: its own (events.h), or what log.levels says.
#pragma once

#include <array>
#include <span>
#include <string>

#include "config/config.h"
#include "daemon/log/events.h"

namespace reactord {

class EventLevels {
 public:
  EventLevels();

  /// Rules as log.levels has them: "connected = info", "closed_* = off"; the last that fits counts.
  /// The problem, or ""; then they are in force instead of those before.
  [[nodiscard]] std::string set(std::span<const std::string> rules);

  /// Whether it is logged where `least` is.
  [[nodiscard]] bool reaches(Event event, LogLevel least) const {
    const LogLevel level = of(event);
    return level >= least && level != LogLevel::off;
  }
  [[nodiscard]] LogLevel of(Event event) const { return levels_[static_cast<std::size_t>(event)]; }

 private:
  [[nodiscard]] std::string apply(const std::string& rule);

  std::array<LogLevel, kEvents.size()> levels_;
};

}  // namespace reactord
