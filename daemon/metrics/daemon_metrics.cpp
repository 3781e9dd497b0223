// SPDX-License-Identifier: MIT
#include "daemon/metrics/daemon_metrics.h"

#include <array>
#include <chrono>
#include <string_view>

#include "daemon/interface/version.h"
#include "daemon/stats/process_facts.h"

namespace reactord {

namespace {

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

std::uint64_t number(std::size_t value) {
  return value;
}

/// From 16 us to a second, each twice the one before: there the histogram's own buckets end.
constexpr unsigned kFirstBound = 14;
constexpr unsigned kLastBound = 30;

void append_distribution(Exposition& out, Exposition::Label label, const Histogram& of) {
  std::array<Exposition::Bucket, kLastBound - kFirstBound + 1> buckets;
  for (unsigned power = kFirstBound; power <= kLastBound; ++power) {
    const std::uint64_t bound = std::uint64_t{1} << power;
    buckets[power - kFirstBound] = {static_cast<double>(bound) / 1e9, of.up_to(bound - 1)};
  }
  out.distribution(label, {buckets, of.count(), static_cast<double>(of.sum()) / 1e9});
}

void append_process(const MetricsSources& of, Exposition& out) {
  out.info("reactord_build_info", "Version and commit of the running daemon.");
  out.sample({{"version", kVersion}, {"commit", kCommit}}, number(1));
  out.gauge("process_start_time_seconds", "When the process was started, in seconds since 1970.");
  out.sample(of.started_at);
  const CpuSeconds cpu = cpu_seconds();
  out.counter("process_cpu_seconds_total", "Processor time of all threads.");
  out.sample(cpu.user + cpu.system);
  out.gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.");
  out.sample(number(resident_bytes()));
  out.gauge("reactord_draining", "1 while new clients are refused, or are about to be.");
  out.sample(number(of.server.why_draining().empty() ? 0 : 1));
  if (const std::optional<std::int64_t> days = of.server.certificate_days_left()) {
    out.gauge("reactord_certificate_remaining_seconds",
              "Until the first TLS certificate in use expires, by whole days.");
    out.sample(static_cast<double>(*days) * 86'400);
  }
}

void append_connections(const MetricsSources& of, Exposition& out) {
  const TableSize used = of.connections.used();
  const TableSize most = of.connections.capacity();
  const TableSize held = of.connections.held();
  const auto of_roles = [&out](const TableSize& size) {
    out.sample({"role", "public"}, number(size.clients));
    out.sample({"role", "admin"}, number(size.admins));
  };
  out.gauge("reactord_connections", "Clients that are connected.");
  of_roles(used);
  out.gauge("reactord_connections_max", "Clients that may be connected.");
  of_roles(most);
  out.gauge("reactord_connections_arriving",
            "Clients on their way in: a TLS handshake or a PROXY header is not complete.");
  of_roles(held);
  out.counter("reactord_connections_opened_total", "Clients that were let in.");
  out.sample(of.connections.opened());
  out.gauge("reactord_connection_buffer_bytes", "What clients' buffers hold together.");
  out.sample(number(of.connections.buffer_bytes()));
}

/// Events by their kind: "closed_idle" as reason="idle" of the closed, and so on.
void append_reasons(const MetricsSources& of, Exposition& out, std::string_view prefix) {
  for (std::size_t i = 0; i < kEvents.size(); ++i) {
    const std::string_view name = kEvents[i].name;
    if (name.starts_with(prefix))
      out.sample({"reason", name.substr(prefix.size())}, of.events.count_of(static_cast<Event>(i)));
  }
}

void append_events(const MetricsSources& of, Exposition& out) {
  constexpr std::string_view kClosed = "closed_";
  constexpr std::string_view kRefused = "refused_";
  out.counter("reactord_connections_closed_total", "Connections that have ended, by why.");
  append_reasons(of, out, kClosed);
  out.counter("reactord_connections_refused_total", "Clients that were not let in, by why.");
  append_reasons(of, out, kRefused);
  out.counter("reactord_events_total", "All else that the log tells, by its name there.");
  for (std::size_t i = 0; i < kEvents.size(); ++i) {
    const std::string_view name = kEvents[i].name;
    if (!name.starts_with(kClosed) && !name.starts_with(kRefused))
      out.sample({"event", name}, of.events.count_of(static_cast<Event>(i)));
  }
  out.counter("reactord_log_records_dropped_total",
              "Log records that were lost: the log could not be written, or not fast enough.");
  out.sample(of.events.dropped());
  out.counter("reactord_access_log_missed_total",
              "Requests that the access log was to tell and did not: too many in a second, or it "
              "could not be written fast enough.");
  out.sample({"reason", "rate"}, of.events.requests_left_out());
  out.sample({"reason", "dropped"}, of.events.requests_dropped());
}

/// Calls `sample(name, stats)` for each command and subcommand.
template <class Sample>
void for_each_command(const MetricsSources& of, Sample&& sample) {
  for (const auto& entry : of.commands.entries()) {
    sample(entry->full_name, entry->stats);
    for (const auto& sub : entry->subcommands) sample(sub->full_name, sub->stats);
  }
}

void append_requests(const MetricsSources& of, Exposition& out) {
  out.counter("reactord_requests_total", "Requests that were answered, of any command.");
  out.sample(of.dispatcher.requests());
  const auto of_commands = [&](auto&& value) {
    for_each_command(of, [&](const std::string& name, const CommandStats& stats) {
      out.sample({"command", name}, value(stats));
    });
  };
  out.counter("reactord_command_calls_total", "Calls of each command.");
  of_commands([](const CommandStats& stats) { return stats.calls; });
  out.counter("reactord_command_seconds_total", "Time that each command's handler has taken.");
  of_commands([](const CommandStats& stats) { return seconds(stats.time); });
  out.counter("reactord_command_waited_seconds_total",
              "Time in which each command's requests have waited while others were served.");
  of_commands([](const CommandStats& stats) { return seconds(stats.waited); });
  out.counter("reactord_command_behind_seconds_total",
              "Time that workers and backends took for each command, of replies that came later.");
  of_commands([](const CommandStats& stats) { return seconds(stats.behind); });
  out.histogram("reactord_command_latency_seconds",
                "From a request's arrival until its reply was offered to the kernel.");
  for_each_command(of, [&](const std::string& name, const CommandStats& stats) {
    if (stats.latency != nullptr) append_distribution(out, {"command", name}, *stats.latency);
  });
  out.counter("reactord_command_failures_total", "Calls that were answered with an error.");
  of_commands([](const CommandStats& stats) { return stats.failed; });
  out.counter("reactord_command_rejections_total", "Calls with a wrong number of arguments.");
  of_commands([](const CommandStats& stats) { return stats.rejected; });
  out.counter("reactord_errors_total", "Errors that were sent, by their code.");
  for (const auto& [code, count] : of.dispatcher.errors().counts())
    out.sample({"code", code}, count.errors);
  out.histogram("reactord_listener_latency_seconds",
                "The same by the listener that the request came in by.");
  for (const auto& [name, latency] : of.latencies.by_name())
    append_distribution(out, {"listener", name}, latency);
  out.gauge("reactord_pending_replies", "Requests whose reply a handler has put off.");
  out.sample(number(of.dispatcher.pending().waiting()));
}

void append_loop(const MetricsSources& of, Exposition& out) {
  const EventLoop::Stats& loop = of.loop.stats();
  out.counter("reactord_loop_events_total", "Events that the kernel has told the loop.");
  out.sample(loop.events);
  out.histogram("reactord_loop_turn_seconds",
                "How long the loop's turns took, without the sleep between them.");
  append_distribution(out, {}, loop.lengths);
  out.gauge("reactord_loop_longest_turn_seconds", "The longest turn since the start.");
  out.sample(static_cast<double>(loop.lengths.most()) / 1e9);
}

void append_workers(const MetricsSources& of, Exposition& out) {
  const WorkerPool::Stats workers = of.workers.stats();
  out.gauge("reactord_worker_threads", "Threads for handlers' offloaded work.");
  out.sample(number(workers.threads));
  out.gauge("reactord_worker_jobs", "Pieces of offloaded work.");
  out.sample({"state", "queued"}, number(workers.queued));
  out.sample({"state", "running"}, number(workers.running));
  out.counter("reactord_worker_jobs_done_total", "Pieces of offloaded work that have ended.");
  out.sample(workers.done);
  out.counter("reactord_worker_jobs_refused_total", "Those for which there was no room.");
  out.sample(workers.refused);
  out.counter("reactord_worker_wait_seconds_total", "Time that they have waited for a thread.");
  out.sample(seconds(workers.waited));
  out.counter("reactord_worker_work_seconds_total", "Time that they have taken.");
  out.sample(seconds(workers.worked));
}

void append_limits(const MetricsSources& of, Exposition& out) {
  if (of.limits.rules().empty()) return;
  out.counter("reactord_limit_exceeded_total",
              "Connections, requests or turns that were over a [[limit]], by what of.");
  for (const auto& rule : of.limits.rules())
    for (std::size_t i = 0; i < kLimitedKinds; ++i) {
      const auto what = static_cast<Limited>(i);
      out.sample({{"limit", rule->settings().name}, {"of", name_of(what)}}, rule->count_of(what));
    }
  out.counter("reactord_limit_forgotten_total",
              "Clients whom a [[limit]] forgot while they owed something: its table was full.");
  for (const auto& rule : of.limits.rules())
    out.sample({"limit", rule->settings().name}, rule->forgotten());
}

}  // namespace

std::string metrics_text(const MetricsSources& of, MetricsFormat format) {
  Exposition out(format);
  append_process(of, out);
  append_connections(of, out);
  append_events(of, out);
  append_requests(of, out);
  append_loop(of, out);
  append_workers(of, out);
  append_limits(of, out);
  return out.finish();
}

}  // namespace reactord
