// SPDX-License-Identifier: MIT
// INFO: what each section shows. The names are Redis' own where monitoring tools look for them.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

#include "daemon/interface/version.h"
#include "daemon/stats/daemon_service.h"
#include "daemon/stats/process_facts.h"

namespace reactord {

namespace {

template <class T>
InfoField field(std::string_view name, const T& value) {
  return {std::string(name), fmt::format("{}", value)};
}

/// As Redis writes sizes for people: "1.50M".
std::string human_bytes(std::size_t bytes) {
  if (bytes < 1024) return fmt::format("{}B", bytes);
  const auto value = static_cast<double>(bytes);
  if (bytes < (1u << 20)) return fmt::format("{:.2f}K", value / 1024.0);
  if (bytes < (1u << 30)) return fmt::format("{:.2f}M", value / (1 << 20));
  return fmt::format("{:.2f}G", value / (1 << 30));
}

/// Whatever it was called by; "... (deleted)" once an upgrade has replaced it (proc(5)).
std::string executable() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

template <class Rep, class Period>
std::int64_t microseconds(std::chrono::duration<Rep, Period> duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

void append_command(const CommandEntry& entry, std::vector<InfoField>& fields) {
  const CommandStats& stats = entry.stats;
  for (const auto& sub : entry.subcommands) append_command(*sub, fields);
  if (stats.calls == 0 && stats.rejected == 0) return;
  const std::int64_t usec = microseconds(stats.time);
  const double each =
      stats.calls == 0 ? 0.0 : static_cast<double>(usec) / static_cast<double>(stats.calls);
  fields.push_back(
      {"cmdstat_" + entry.full_name,
       fmt::format("calls={},usec={},usec_per_call={:.2f},rejected_calls={},failed_calls={},"
                   "waited_usec={},behind_usec={}",
                   stats.calls, usec, each, stats.rejected, stats.failed,
                   microseconds(stats.waited), microseconds(stats.behind))});
}

}  // namespace

// In Redis' order, and in its sections: clients look for loading and role where Redis has them.
const std::array<DaemonService::Section, 14> DaemonService::kSections{{
    {"server", &DaemonService::append_server},
    {"clients", &DaemonService::append_clients},
    {"memory", &DaemonService::append_memory},
    {"persistence", &DaemonService::append_persistence},
    {"stats", &DaemonService::append_stats},
    {"limits", &DaemonService::append_limits},
    {"workers", &DaemonService::append_workers},
    {"replication", &DaemonService::append_replication},
    {"cpu", &DaemonService::append_cpu},
    {"commandstats", &DaemonService::append_command_stats},
    {"latencystats", &DaemonService::append_latency_stats},
    {"listeners", &DaemonService::append_listeners},
    {"errorstats", &DaemonService::append_error_stats},
    {"handlers", &DaemonService::append_handlers},
}};

std::span<const std::string_view> DaemonService::info_sections() const {
  static const auto names = [] {
    std::array<std::string_view, kSections.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = kSections[i].name;
    return all;
  }();
  return names;
}

void DaemonService::append_info(std::string_view section, Fields& fields) const {
  for (const Section& known : kSections)
    if (known.name == section) (this->*known.append)(fields);
}

void DaemonService::append_server(Fields& fields) const {
  utsname system{};
  ::uname(&system);
  const auto uptime =
      std::chrono::duration_cast<std::chrono::seconds>(loop_.now() - started_).count();
  // Clients read a version of Redis from this; what they learn from it is which commands to expect.
  fields.push_back(field("redis_version", "7.0.0"));
  fields.push_back(field("redis_mode", "standalone"));
  fields.push_back(field("server_name", "reactord"));
  fields.push_back(field("reactord_version", kVersion));
  fields.push_back(field("reactord_commit", kCommit));
  fields.push_back(field("compiler", kCompiler));
  fields.push_back(
      field("os", fmt::format("{} {} {}", system.sysname, system.release, system.machine)));
  fields.push_back(field("arch_bits", sizeof(void*) * 8));
  fields.push_back(field("multiplexing_api", "epoll"));
  fields.push_back(field("process_id", ::getpid()));
  fields.push_back(field("tcp_port", tcp_port_));
  // Only where there are certificates: whoever watches it takes 0 for today.
  if (const std::optional<std::int64_t> days = server_.certificate_days_left())
    fields.push_back(field("certificate_days_left", *days));
  fields.push_back(field("executable", executable()));
  fields.push_back(field("config_file", config_file_));
  fields.push_back(field("uptime_in_seconds", uptime));
  fields.push_back(field("uptime_in_days", uptime / 86'400));
}

void DaemonService::append_clients(Fields& fields) const {
  const TableSize used = connections_.used();
  const TableSize capacity = connections_.capacity();
  // As in Redis, the one may be held against the other; administrators count in neither.
  fields.push_back(field("connected_clients", used.clients));
  fields.push_back(field("maxclients", capacity.clients));
  const TableSize arriving = connections_.held();
  fields.push_back(field("arriving_clients", arriving.clients + arriving.admins));
  fields.push_back(field("connected_admin_clients", used.admins));
  fields.push_back(field("max_admin_clients", capacity.admins));
  fields.push_back(field("draining", connections_.is_draining() ? 1 : 0));
  fields.push_back(field("paused_timeout_milliseconds", server_.pause_left().count()));
  fields.push_back(field("blocked_clients", dispatcher_.pending().waiting()));
}

void DaemonService::append_memory(Fields& fields) const {
  const std::size_t allocated = allocated_bytes();
  const std::size_t resident = resident_bytes();
  fields.push_back(field("used_memory", allocated));
  fields.push_back(field("used_memory_human", human_bytes(allocated)));
  fields.push_back(field("used_memory_rss", resident));
  fields.push_back(field("used_memory_rss_human", human_bytes(resident)));
  fields.push_back(field("mem_client_buffers", connections_.buffer_bytes()));
  fields.push_back(field("maxmemory", 0));
}

void DaemonService::append_persistence(Fields& fields) const {
  fields.push_back(field("loading", 0));
}

void DaemonService::append_stats(Fields& fields) const {
  const EventLoop::Stats& loop = loop_.stats();
  fields.push_back(field("total_connections_received", connections_.opened()));
  fields.push_back(field("total_commands_processed", dispatcher_.requests()));
  fields.push_back(
      field("rejected_connections", events_.count_of(Event::refused_full) +
                                        events_.count_of(Event::refused_admin_full) +
                                        events_.count_of(Event::refused_per_address) +
                                        events_.count_of(Event::refused_not_allowed) +
                                        events_.count_of(Event::refused_proxy_sender) +
                                        events_.count_of(Event::refused_proxy_header)));
  fields.push_back(field("loop_turns", loop.lengths.count()));
  fields.push_back(field("loop_events", loop.events));
  fields.push_back(field("loop_busy_usec", loop.lengths.sum() / 1000));
  fields.push_back(field("loop_longest_turn_usec", loop.lengths.most() / 1000));
  fields.push_back(field("loop_turn_usec_p50", loop.lengths.at_share(0.5) / 1000));
  fields.push_back(field("loop_turn_usec_p99", loop.lengths.at_share(0.99) / 1000));
  fields.push_back(field("loop_turn_usec_p99.99", loop.lengths.at_share(0.9999) / 1000));
  const Histogram latencies = diagnostics_.all_latencies();
  fields.push_back(field("request_usec_p50", latencies.at_share(0.5) / 1000));
  fields.push_back(field("request_usec_p99", latencies.at_share(0.99) / 1000));
  fields.push_back(field("request_usec_p99.9", latencies.at_share(0.999) / 1000));
  fields.push_back(field("log_records_dropped", events_.dropped()));
  fields.push_back(field("access_log_left_out", events_.requests_left_out()));
  fields.push_back(field("access_log_dropped", events_.requests_dropped()));
  for (std::size_t i = 0; i < kEvents.size(); ++i)
    fields.push_back(
        field(fmt::format("event_{}", kEvents[i].name), events_.count_of(static_cast<Event>(i))));
}

/// How often each limit was exceeded, by what there was too much of.
void DaemonService::append_limits(Fields& fields) const {
  for (const auto& rule : limits_.rules()) {
    const auto over = [&](Limited what) { return rule->count_of(what); };
    fields.push_back({"limit_" + rule->settings().name,
                      fmt::format("dry_run={},connections={},connection_rate={},request_rate={},"
                                  "byte_rate={},forgotten={}",
                                  rule->settings().dry_run ? 1 : 0, over(Limited::connections),
                                  over(Limited::connection_rate), over(Limited::request_rate),
                                  over(Limited::byte_rate), rule->forgotten())});
  }
}

/// Threads that handlers' offloaded work has started, and what has become of it.
void DaemonService::append_workers(Fields& fields) const {
  const WorkerPool::Stats workers = workers_.stats();
  fields.push_back(field("worker_threads", workers.threads));
  fields.push_back(field("worker_queued", workers.queued));
  fields.push_back(field("worker_running", workers.running));
  fields.push_back(field("worker_done", workers.done));
  fields.push_back(field("worker_refused", workers.refused));
  fields.push_back(field("worker_waited_usec", microseconds(workers.waited)));
  fields.push_back(field("worker_worked_usec", microseconds(workers.worked)));
  fields.push_back(field("watched_descriptors", watches_.size()));
}

void DaemonService::append_replication(Fields& fields) const {
  fields.push_back(field("role", "master"));
  fields.push_back(field("connected_slaves", 0));
}

void DaemonService::append_cpu(Fields& fields) const {
  const CpuSeconds used = cpu_seconds();
  fields.push_back(field("used_cpu_sys", fmt::format("{:.6f}", used.system)));
  fields.push_back(field("used_cpu_user", fmt::format("{:.6f}", used.user)));
}

void DaemonService::append_command_stats(Fields& fields) const {
  for (const auto& entry : commands_.entries()) append_command(*entry, fields);
}

void DaemonService::append_error_stats(Fields& fields) const {
  for (const auto& [code, count] : dispatcher_.errors().counts())
    fields.push_back({"errorstat_" + code, fmt::format("count={}", count.errors)});
}

/// In Redis' form, with its percentiles by default.
void DaemonService::append_latency_stats(Fields& fields) const {
  diagnostics_.for_each_answered([&fields](const CommandEntry& entry) {
    const auto usec = [&entry](double share) {
      return static_cast<double>(entry.stats.latency->at_share(share)) / 1000;
    };
    fields.push_back(
        {"latency_percentiles_usec_" + entry.full_name,
         fmt::format("p50={:.3f},p99={:.3f},p99.9={:.3f}", usec(0.5), usec(0.99), usec(0.999))});
  });
}

/// How long requests took, by the listener that they came in by.
void DaemonService::append_listeners(Fields& fields) const {
  for (const auto& each : latencies_.by_name()) {
    const Histogram& latency = each.second;
    const auto usec = [&latency](double share) {
      return static_cast<double>(latency.at_share(share)) / 1000;
    };
    fields.push_back(
        {"listener_" + each.first,
         fmt::format("requests={},usec={},p50={:.3f},p99={:.3f},p99.9={:.3f}", latency.count(),
                     latency.sum() / 1000, usec(0.5), usec(0.99), usec(0.999))});
  }
}

/// Of each handler that has a command, once.
void DaemonService::append_handlers(Fields& fields) const {
  std::vector<const Handler*> seen;
  for (const auto& entry : commands_.entries()) {
    if (std::find(seen.begin(), seen.end(), entry->handler) != seen.end()) continue;
    seen.push_back(entry->handler);
    entry->handler->append_info(fields);
  }
}

}  // namespace reactord
