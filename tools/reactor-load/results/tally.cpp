// SPDX-License-Identifier: MIT
#include "tools/reactor-load/results/tally.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace reactord::load {
namespace {

/// Servers choose their last words; a map of them must not grow without bound.
constexpr std::size_t kMaxLastWords = 50;

void count_words(std::map<std::string, std::uint64_t, std::less<>>& counts,
                 const std::string& words) {
  const bool known = counts.find(words) != counts.end();
  ++counts[known || counts.size() < kMaxLastWords ? words : "(other)"];
}

/// How much of a planned rate was sent, in percent; NaN without one.
double reached(const GroupTally& group) {
  if (group.planned_sends <= 0) return std::numeric_limits<double>::quiet_NaN();
  return 100 * static_cast<double>(group.sends_at_rate) / group.planned_sends;
}

void merge_command(CommandTally& into, const CommandTally& other) {
  into.sent += other.sent;
  into.replies += other.replies;
  into.wrong += other.wrong;
  into.bytes_out += other.bytes_out;
  into.bytes_in += other.bytes_in;
  into.latency.merge(other.latency);
}

template <class Member>
std::uint64_t sum(const std::vector<CommandTally>& commands, Member member) {
  std::uint64_t total = 0;
  for (const CommandTally& command : commands) total += command.*member;
  return total;
}

/// NaN where nothing was measured: no threshold holds for it.
double latency_metric(std::string_view metric, const Histogram& latency) {
  if (latency.count() == 0) return std::numeric_limits<double>::quiet_NaN();
  if (metric == "mean") return latency.mean();
  if (metric == "max") return static_cast<double>(latency.most());
  double percent = 50;
  if (metric == "p90") percent = 90;
  if (metric == "p99") percent = 99;
  if (metric == "p99.9") percent = 99.9;
  if (metric == "p99.99") percent = 99.99;
  return static_cast<double>(latency.at_share(percent / 100));
}

double closes(const GroupTally& group, const std::string& containing) {
  std::uint64_t found = 0;
  if (containing.empty()) {
    found = group.closed_by_client + group.closed_by_server + group.closed_by_reset;
  } else {
    for (const auto& [words, count] : group.last_words) {
      if (words.find(containing) != std::string::npos) found += count;
    }
  }
  return static_cast<double>(found);
}

struct CountMetric {
  std::string_view name;
  std::uint64_t GroupTally::*count;
};
constexpr CountMetric kCounts[] = {
    {"missing", &GroupTally::missing},
    {"surplus", &GroupTally::surplus},
    {"timeouts", &GroupTally::timeouts},
    {"connects", &GroupTally::connects},
    {"connect_failures", &GroupTally::connect_failures},
    {"closed_by_client", &GroupTally::closed_by_client},
    {"closed_by_server", &GroupTally::closed_by_server},
    {"closed_by_reset", &GroupTally::closed_by_reset},
    {"unconnected", &GroupTally::unconnected},
    {"unmeasured", &GroupTally::unmeasured},
    {"late", &GroupTally::late},
    {"held_back", &GroupTally::held_back},
};

double group_metric(const Threshold& threshold, const GroupTally& group) {
  const std::string& metric = threshold.metric;
  if (metric == "errors") return static_cast<double>(group.errors());
  if (metric == "wrong") return static_cast<double>(group.wrong());
  if (metric == "closed") return closes(group, threshold.quoted);
  if (metric == "pause_p99") return latency_metric("p99", group.pauses);
  if (metric == "pause_max") return latency_metric("max", group.pauses);
  if (metric == "connect_p99") return latency_metric("p99", group.connect_latency);
  if (metric == "reached") return reached(group);
  if (metric == "late_p99") return latency_metric("p99", group.lateness);
  for (const CountMetric& known : kCounts) {
    if (metric == known.name) return static_cast<double>(group.*known.count);
  }
  return latency_metric(metric, group.latency());
}

}  // namespace

std::uint64_t GroupTally::sent() const {
  return sum(commands, &CommandTally::sent);
}
std::uint64_t GroupTally::replies() const {
  return sum(commands, &CommandTally::replies);
}
std::uint64_t GroupTally::wrong() const {
  return sum(commands, &CommandTally::wrong);
}
std::uint64_t GroupTally::errors() const {
  return wrong() + missing + surplus + timeouts + broken + connect_failures;
}

Histogram GroupTally::latency() const {
  Histogram all;
  for (const CommandTally& command : commands) all.merge(command.latency);
  return all;
}

void GroupTally::note_connect_problem(const std::string& cause) {
  count_words(connect_problems, cause);
}

void GroupTally::note_last_words(const std::string& words) {
  count_words(last_words, words);
}

void GroupTally::merge(const GroupTally& other) {
  for (const CommandTally& command : other.commands) {
    const auto same = std::find_if(commands.begin(), commands.end(), [&](const CommandTally& own) {
      return own.label == command.label;
    });
    if (same == commands.end()) {
      commands.push_back(command);
    } else {
      merge_command(*same, command);
    }
  }
  connect_latency.merge(other.connect_latency);
  pauses.merge(other.pauses);
  lateness.merge(other.lateness);
  for (const CountMetric& known : kCounts) this->*known.count += other.*known.count;
  broken += other.broken;
  planned_sends += other.planned_sends;
  sends_at_rate += other.sends_at_rate;
  for (const auto& [cause, count] : other.connect_problems) connect_problems[cause] += count;
  unmatched_bytes_in += other.unmatched_bytes_in;
  for (const auto& [words, count] : other.last_words) last_words[words] += count;
}

std::string to_string(const Failure& failure) {
  std::string out = fmt::format("{}: group '{}', client {}, connection {}", failure.kind,
                                failure.group, failure.client, failure.connection);
  if (failure.position > 0) out += fmt::format(", request {} on it", failure.position);
  if (!failure.request.empty()) out += fmt::format("\n    request   {}", failure.request);
  if (!failure.expected.empty()) out += fmt::format("\n    expected  {}", failure.expected);
  if (!failure.got.empty()) out += fmt::format("\n    got       {}", failure.got);
  return out;
}

void Tally::add_failure(Failure failure) {
  if (failures.size() >= kKeptFailures) return;
  const auto alike = [&](const Failure& other) {
    return other.kind == failure.kind && other.group == failure.group &&
           other.command == failure.command;
  };
  if (std::count_if(failures.begin(), failures.end(), alike) < kKeptOfAKind) {
    failures.push_back(std::move(failure));
  }
}

void Tally::merge(const Tally& other) {
  if (groups.empty()) {
    groups = other.groups;
  } else {
    for (std::size_t i = 0; i < groups.size(); ++i) groups[i].merge(other.groups[i]);
  }
  for (const Failure& failure : other.failures) add_failure(failure);
  last_reply = std::max(last_reply, other.last_reply);
  busy_seconds += other.busy_seconds;
}

void Tally::forget_figures() {
  for (GroupTally& group : groups) {
    for (CommandTally& command : group.commands) {
      const std::uint64_t wrong = command.wrong;
      std::string label = std::move(command.label);
      command = CommandTally{};
      command.label = std::move(label);
      command.wrong = wrong;
    }
    group.connect_latency.clear();
    group.lateness.clear();
    group.late = group.held_back = group.unmatched_bytes_in = 0;
  }
}

GroupTally Tally::honest() const {
  GroupTally all;
  all.name = "all";
  for (const GroupTally& group : groups) {
    if (!group.hostile) all.merge(group);
  }
  return all;
}

double measure(const Threshold& threshold, const GroupTally& group, double seconds) {
  Histogram latency;
  std::uint64_t sent = 0;
  std::uint64_t replies = 0;
  for (const CommandTally& command : group.commands) {
    if (!threshold.command.empty() && command.label != threshold.command) continue;
    latency.merge(command.latency);
    sent += command.sent;
    replies += command.replies;
  }
  if (threshold.metric == "requests") return static_cast<double>(sent);
  if (threshold.metric == "replies") return static_cast<double>(replies);
  if (threshold.metric == "rate") return seconds > 0 ? static_cast<double>(replies) / seconds : 0;
  if (!threshold.command.empty()) return latency_metric(threshold.metric, latency);
  return group_metric(threshold, group);
}

}  // namespace reactord::load
