// SPDX-License-Identifier: MIT
#include "daemon/stats/daemon_diagnostics.h"

namespace reactord {

namespace {

/// The first of Redis' steps; each is twice the one before.
constexpr std::uint64_t kFirstStepNanoseconds = 1024;

std::vector<CommandLatency::Step> steps_of(const Histogram& latency) {
  std::vector<CommandLatency::Step> steps;
  std::uint64_t counted = 0;
  for (std::uint64_t end = kFirstStepNanoseconds; counted < latency.count(); end *= 2) {
    const std::uint64_t requests = latency.up_to(end - 1);
    if (requests > counted) steps.push_back({end / 1000, requests});
    counted = requests;
  }
  return steps;
}

}  // namespace

Histogram DaemonDiagnostics::all_latencies() const {
  Histogram all;
  for_each_answered([&all](const CommandEntry& entry) { all.merge(*entry.stats.latency); });
  return all;
}

bool DaemonDiagnostics::next_latency(std::size_t& cursor, CommandLatency& latency) const {
  while (cursor <= commands_.size()) {
    const std::size_t number = cursor++;
    const CommandEntry& entry =
        number < commands_.size() ? *commands_.by_number()[number] : commands_.unknown();
    if (!entry.stats.latency) continue;
    latency = {entry.full_name, entry.stats.latency->count(), steps_of(*entry.stats.latency)};
    return true;
  }
  return false;
}

}  // namespace reactord
