// SPDX-License-Identifier: MIT
#include "daemon/log/event_levels.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "config/text/suggest.h"
#include "config/value_types.h"
#include "daemon/log/event_text.h"

namespace reactord {

namespace {

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

/// `pattern` is a name, or how names begin and '*'.
bool fits(std::string_view name, std::string_view pattern) {
  return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                                : name == pattern;
}

std::string no_such_event(std::string_view pattern) {
  std::vector<std::string_view> names;
  for (const EventSpec& spec : kEvents) names.push_back(spec.name);
  return fmt::format("log.levels: there is no event '{}'{}", log_text(pattern),
                     suggestion(pattern, names));
}

}  // namespace

EventLevels::EventLevels() {
  for (std::size_t i = 0; i < kEvents.size(); ++i) levels_[i] = kEvents[i].level;
}

std::string EventLevels::set(std::span<const std::string> rules) {
  EventLevels next;
  for (const std::string& rule : rules)
    if (std::string problem = next.apply(rule); !problem.empty()) return problem;
  *this = next;
  return {};
}

std::string EventLevels::apply(const std::string& rule) {
  const std::size_t equals = rule.find('=');
  if (equals == rule.npos)
    return fmt::format("log.levels: '{}' is no \"event = level\"", log_text(rule));
  const std::string_view pattern = without_blanks(std::string_view(rule).substr(0, equals));
  LogLevel level{};
  const std::string word(without_blanks(std::string_view(rule).substr(equals + 1)));
  if (const std::string problem = ValueTraits<LogLevel>::parse(word, {}, level); !problem.empty())
    return fmt::format("log.levels: {}: {}", log_text(pattern), problem);
  bool is_any = false;
  for (std::size_t i = 0; i < kEvents.size(); ++i) {
    if (!fits(kEvents[i].name, pattern)) continue;
    levels_[i] = level;
    is_any = true;
  }
  return is_any ? std::string() : no_such_event(pattern);
}

}  // namespace reactord
