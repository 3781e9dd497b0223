// SPDX-License-Identifier: MIT
#include "daemon/page/second_meter.h"

#include <chrono>
#include <string_view>

#include "daemon/stats/process_facts.h"

namespace reactord {

namespace {

Spread spread_of(const Histogram& of) {
  return {.p50 = of.at_share(0.5),
          .p90 = of.at_share(0.9),
          .p99 = of.at_share(0.99),
          .p999 = of.at_share(0.999),
          .most = of.most()};
}

Histogram all_latencies(const CommandTable& commands) {
  Histogram all;
  for (const CommandEntry* entry : commands.by_number())
    if (entry->stats.latency != nullptr) all.merge(*entry->stats.latency);
  if (commands.unknown().stats.latency != nullptr) all.merge(*commands.unknown().stats.latency);
  return all;
}

/// Of all kinds of events whose names begin so.
std::uint64_t events_of(const EventLog& events, std::string_view prefix) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < kEvents.size(); ++i)
    if (kEvents[i].name.starts_with(prefix)) count += events.count_of(static_cast<Event>(i));
  return count;
}

std::uint64_t errors_of(const Dispatcher& dispatcher) {
  std::uint64_t sum = 0;
  for (const auto& [code, count] : dispatcher.errors().counts()) sum += count.errors;
  return sum;
}

std::int64_t milliseconds_since_1970() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

SecondMeter::SecondMeter(const MetricsSources& of)
    : of_(of), last_(look()), calls_(of.commands.size()), all_calls_(of.commands.size()) {
  count_calls();
}

SecondMeter::Look SecondMeter::look() const {
  const CpuSeconds cpu = cpu_seconds();
  return {.at = of_.loop.now(),
          .requests = of_.dispatcher.requests(),
          .errors = errors_of(of_.dispatcher),
          .opened = of_.connections.opened(),
          .closed = events_of(of_.events, "closed_"),
          .refused = events_of(of_.events, "refused_"),
          .cpu = cpu.user + cpu.system,
          .latency = all_latencies(of_.commands),
          .turns = of_.loop.stats().lengths};
}

void SecondMeter::count_calls() {
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    const std::uint64_t calls = of_.commands.by_number()[i]->stats.calls;
    calls_[i] = calls - all_calls_[i];
    all_calls_[i] = calls;
  }
}

Second SecondMeter::finish() {
  const Look now = look();
  const Histogram turns = now.turns.since(last_.turns);
  count_calls();
  Second second{.ended_at = milliseconds_since_1970(),
                .seconds = std::chrono::duration<double>(now.at - last_.at).count(),
                .requests = now.requests - last_.requests,
                .errors = now.errors - last_.errors,
                .latency = spread_of(now.latency.since(last_.latency)),
                .turns = turns.count(),
                .turn = spread_of(turns),
                .busy = static_cast<double>(turns.sum()) / 1e9,
                .cpu = now.cpu - last_.cpu,
                .clients = of_.connections.used().clients,
                .opened = now.opened - last_.opened,
                .closed = now.closed - last_.closed,
                .refused = now.refused - last_.refused};
  last_ = now;
  return second;
}

}  // namespace reactord
