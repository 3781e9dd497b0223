// SPDX-License-Identifier: MIT
#include "daemon/metrics/daemon_metrics.h"

#include <array>
#include <chrono>
#include <optional>
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

/// "00-", the trace, "-", the span (protocol/traceparent.h).
Exposition::Exemplar exemplar_of(const TracedRequest& request) {
  const std::string_view trace = request.traceparent;
  return {trace.substr(3, 32), trace.substr(36, 16), seconds(request.latency), request.answered_at};
}

void append_distribution(Exposition& out, Exposition::Label label, const Histogram& of,
                         std::optional<Exposition::Exemplar> exemplar = {}) {
  std::array<Exposition::Bucket, kLastBound - kFirstBound + 1> buckets;
  std::uint64_t count = 0;
  std::size_t next = 0;
  for (unsigned power = kFirstBound; power <= kLastBound; ++power) {
    const std::uint64_t bound = std::uint64_t{1} << power;
    for (const std::size_t end = Histogram::bucket_of(bound); next < end; ++next)
      count += of.in_bucket(next);
    buckets[power - kFirstBound] = {static_cast<double>(bound) / 1e9, count};
  }
  out.distribution(label, {buckets, of.count(), static_cast<double>(of.sum()) / 1e9, exemplar});
}

void append_latency(Exposition& out, Exposition::Label command, const CommandStats& stats) {
  if (stats.latency == nullptr) return;
  std::optional<Exposition::Exemplar> exemplar;
  if (stats.traced != nullptr) exemplar = exemplar_of(*stats.traced);
  append_distribution(out, command, *stats.latency, exemplar);
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

void append_requests(const MetricsSources& of, Exposition& out) {
  out.counter("reactord_requests_total", "Requests that were answered, of any command.");
  out.sample(of.dispatcher.requests());
  out.counter("reactord_errors_total", "Errors that were sent, by their code.");
  for (const auto& [code, count] : of.dispatcher.errors().counts())
    out.sample({"code", code}, count.errors);
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

/// Of few lines each: written as a whole.
constexpr std::array kParts = {append_process, append_connections, append_events, append_requests,
                               append_loop,    append_workers,     append_limits};

/// With samples of each command and subcommand.
using Label = Exposition::Label;
struct CommandFamily {
  void (Exposition::*begin)(std::string_view name, std::string_view help);
  std::string_view name;
  std::string_view help;
  void (*append)(Exposition& out, Label command, const CommandStats& stats);
};

constexpr std::array kCommandFamilies = {
    CommandFamily{&Exposition::counter, "reactord_command_calls_total", "Calls of each command.",
                  [](Exposition& out, Label command, const CommandStats& stats) {
                    out.sample(command, stats.calls);
                  }},
    CommandFamily{&Exposition::counter, "reactord_command_seconds_total",
                  "Time that each command's handler has taken.",
                  [](Exposition& out, Label command, const CommandStats& stats) {
                    out.sample(command, seconds(stats.time));
                  }},
    CommandFamily{&Exposition::counter, "reactord_command_waited_seconds_total",
                  "Time in which each command's requests have waited while others were served.",
                  [](Exposition& out, Label command, const CommandStats& stats) {
                    out.sample(command, seconds(stats.waited));
                  }},
    CommandFamily{
        &Exposition::counter, "reactord_command_behind_seconds_total",
        "Time that workers and backends took for each command, of replies that came later.",
        [](Exposition& out, Label command, const CommandStats& stats) {
          out.sample(command, seconds(stats.behind));
        }},
    CommandFamily{&Exposition::counter, "reactord_command_failures_total",
                  "Calls that were answered with an error.",
                  [](Exposition& out, Label command, const CommandStats& stats) {
                    out.sample(command, stats.failed);
                  }},
    CommandFamily{&Exposition::counter, "reactord_command_rejections_total",
                  "Calls with a wrong number of arguments.",
                  [](Exposition& out, Label command, const CommandStats& stats) {
                    out.sample(command, stats.rejected);
                  }},
    CommandFamily{&Exposition::histogram, "reactord_command_latency_seconds",
                  "From a request's arrival until its reply was offered to the kernel.",
                  append_latency},
};
constexpr std::size_t kListeners = kParts.size() + kCommandFamilies.size();

}  // namespace

MetricsText::MetricsText(const MetricsSources& of, MetricsFormat format) : of_(of), out_(format) {
  for (const auto& each : of.latencies.by_name()) listeners_.push_back(&each);
}

std::string MetricsText::next() {
  while (!is_whole_ && out_.lines() < kLinesPerSlice) write_on();
  return out_.take();
}

void MetricsText::write_on() {
  if (part_ < kParts.size())
    kParts[part_++](of_, out_);
  else if (part_ < kListeners)
    write_command(part_ - kParts.size());
  else
    write_listener();
}

void MetricsText::write_command(std::size_t family) {
  const auto all = of_.commands.by_number();
  const CommandFamily& its = kCommandFamilies[family];
  if (thing_ == 0) (out_.*its.begin)(its.name, its.help);
  if (thing_ < all.size())
    its.append(out_, {"command", all[thing_]->full_name}, all[thing_]->stats);
  if (++thing_ >= all.size()) begin_next_part();
}

/// The last part.
void MetricsText::write_listener() {
  if (thing_ == 0)
    out_.histogram("reactord_listener_latency_seconds",
                   "The same by the listener that the request came in by.");
  if (thing_ < listeners_.size())
    append_distribution(out_, {"listener", listeners_[thing_]->first}, listeners_[thing_]->second);
  if (++thing_ < listeners_.size()) return;
  out_.end();
  is_whole_ = true;
}

void MetricsText::begin_next_part() {
  ++part_;
  thing_ = 0;
}

}  // namespace reactord
