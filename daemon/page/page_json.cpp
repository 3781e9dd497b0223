// SPDX-License-Identifier: MIT
#include "daemon/page/page_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/interface/diagnostics.h"
#include "daemon/interface/version.h"
#include "daemon/stats/process_facts.h"
#include "protocol/json_writer.h"

namespace reactord {

namespace {

/// Of the page's tables: what does not fit a screen is found in INFO and /metrics.
constexpr std::size_t kMaxRowsTold = 20;
/// Of a setting's value: an allow list may have thousands of entries.
constexpr std::size_t kMaxSettingBytes = 512;

std::int64_t whole_seconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

void append_spread(JsonWriter& json, std::string_view name, const Spread& of) {
  json.key(name).begin_array();
  json.value(of.p50).value(of.p90).value(of.p99).value(of.p999).value(of.most);
  json.end_array();
}

/// The kinds of events whose names begin so and that have happened: {"reason", "count"}.
void append_events(JsonWriter& json, const EventLog& events, std::string_view prefix) {
  for (std::size_t i = 0; i < kEvents.size(); ++i) {
    const std::string_view name = kEvents[i].name;
    const std::uint64_t count = events.count_of(static_cast<Event>(i));
    if (!name.starts_with(prefix) || count == 0) continue;
    json.begin_object();
    json.text_field("reason", name.substr(prefix.size())).field("count", count);
    json.end_object();
  }
}

void append_workers(JsonWriter& json, const WorkerPool::Stats& workers) {
  json.key("workers").begin_object();
  json.field("threads", workers.threads).field("queued", workers.queued);
  json.field("running", workers.running).field("done", workers.done);
  json.field("refused", workers.refused).end_object();
}

struct CommandRow {
  const CommandEntry* entry;
  std::uint64_t calls;  ///< in the last second
};

std::vector<CommandRow> busiest_commands(const CommandTable& commands,
                                         std::span<const std::uint64_t> calls) {
  std::vector<CommandRow> rows;
  for (const CommandEntry* entry : commands.by_number())
    if (entry->stats.calls + entry->stats.rejected > 0)
      rows.push_back({entry, calls[entry->number]});
  std::ranges::stable_sort(rows, [](const CommandRow& one, const CommandRow& other) {
    return std::pair(one.calls, one.entry->stats.calls) >
           std::pair(other.calls, other.entry->stats.calls);
  });
  if (rows.size() > kMaxRowsTold) rows.resize(kMaxRowsTold);
  return rows;
}

void append_command(JsonWriter& json, const CommandRow& row) {
  const CommandStats& stats = row.entry->stats;
  const Histogram* const latency = stats.latency.get();
  json.begin_object().text_field("name", row.entry->full_name).field("now", row.calls);
  json.field("calls", stats.calls).field("ns", stats.time.count());
  json.field("failed", stats.failed).field("rejected", stats.rejected);
  json.field("p50", latency == nullptr ? 0 : latency->at_share(0.5));
  json.field("p99", latency == nullptr ? 0 : latency->at_share(0.99)).end_object();
}

void append_client(JsonWriter& json, const BusyClients::Busy& busy, const ClientFacts& facts) {
  json.begin_object().field("id", busy.id).field("now", busy.requests);
  json.field("bytes_now", busy.bytes).text_field("peer", facts.peer);
  json.text_field("name", facts.name, 64).text_field("user", facts.user, 64);
  json.text_field("listener", facts.listener, 64).text_field("last", facts.last_command, 64);
  json.field("age", facts.age.count()).field("idle", facts.idle.count());
  json.field("requests", facts.commands).field("received", facts.bytes_received);
  json.field("sent", facts.bytes_sent).field("held", facts.memory_bytes);
  json.field("worked_us", facts.worked.count()).field("latency_us", facts.latency.count());
  json.field("longest_us", facts.longest_latency.count());
  json.text_field("error", facts.latest_error, 64);
  json.field("pending", facts.pending).end_object();
}

void append_rule(JsonWriter& json, const LimitRule& rule) {
  json.begin_object().text_field("name", rule.settings().name);
  json.field("dry_run", rule.settings().dry_run);
  for (std::size_t i = 0; i < kLimitedKinds; ++i) {
    const auto what = static_cast<Limited>(i);
    json.field(name_of(what), rule.count_of(what));
  }
  json.field("forgotten", rule.forgotten()).end_object();
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

}  // namespace

std::string second_json(std::uint64_t number, const Second& second) {
  JsonWriter json;
  json.begin_object().field("n", number).field("t", second.ended_at);
  json.field("s", second.seconds).field("requests", second.requests);
  json.field("errors", second.errors);
  append_spread(json, "latency", second.latency);
  json.field("turns", second.turns);
  append_spread(json, "turn", second.turn);
  json.field("busy", second.busy).field("cpu", second.cpu).field("clients", second.clients);
  json.field("opened", second.opened).field("closed", second.closed);
  json.field("refused", second.refused).end_object();
  return json.take();
}

std::string state_json(const PageSources& of) {
  const MetricsSources& from = of.metrics;
  const TableSize used = from.connections.used();
  const TableSize most = from.connections.capacity();
  const TableSize held = from.connections.held();
  JsonWriter json;
  json.begin_object().text_field("version", kVersion).text_field("commit", kCommit);
  json.field("started", static_cast<std::int64_t>(from.started_at * 1000));
  json.field("uptime", whole_seconds(from.loop.now() - of.started));
  json.text_field("draining", from.server.why_draining());
  json.field("paused_ms", from.server.pause_left().count());
  json.text_field("log_level", from.server.log_level());
  json.field("clients", used.clients).field("max_clients", most.clients);
  json.field("admins", used.admins).field("max_admins", most.admins);
  json.field("arriving", held.clients + held.admins);
  json.field("pending", from.dispatcher.pending().waiting());
  json.field("requests", from.dispatcher.requests()).field("opened", from.connections.opened());
  json.field("longest_turn", from.loop.stats().lengths.most());
  json.field("resident", resident_bytes()).field("buffers", from.connections.buffer_bytes());
  json.field("log_dropped", from.events.dropped());
  append_workers(json, from.workers.stats());
  if (const std::optional<std::int64_t> days = from.server.certificate_days_left())
    json.field("certificate_days", *days);
  return json.end_object().take();
}

std::string commands_json(const PageSources& of, std::span<const std::uint64_t> calls) {
  JsonWriter json;
  json.begin_array();
  for (const CommandRow& row : busiest_commands(of.metrics.commands, calls))
    append_command(json, row);
  return json.end_array().take();
}

std::string clients_json(const PageSources& of, std::span<const BusyClients::Busy> busiest) {
  JsonWriter json;
  json.begin_array();
  ClientFacts facts;
  for (const BusyClients::Busy& busy : busiest)
    if (of.service.find_client(busy.id, facts)) append_client(json, busy, facts);
  return json.end_array().take();
}

std::string ends_json(const PageSources& of) {
  JsonWriter json;
  json.begin_array();
  append_events(json, of.metrics.events, "closed_");
  return json.end_array().take();
}

std::string limits_json(const PageSources& of) {
  JsonWriter json;
  json.begin_object().key("refused").begin_array();
  append_events(json, of.metrics.events, "refused_");
  json.end_array().key("waiting").begin_array();
  append_events(json, of.metrics.events, "waiting_");
  json.end_array().key("rules").begin_array();
  for (const auto& rule : of.metrics.limits.rules()) append_rule(json, *rule);
  return json.end_array().end_object().take();
}

std::string errors_json(const PageSources& of) {
  const ErrorStats::Counts& counts = of.metrics.dispatcher.errors().counts();
  std::vector<std::pair<std::uint64_t, std::string_view>> rows;
  for (const auto& [code, count] : counts) rows.emplace_back(count.errors, code);
  std::ranges::sort(rows, std::greater());
  if (rows.size() > kMaxRowsTold) rows.resize(kMaxRowsTold);
  JsonWriter json;
  json.begin_array();
  for (const auto& [count, code] : rows)
    json.begin_object().text_field("code", code, 64).field("count", count).end_object();
  return json.end_array().take();
}

std::string slow_json(const PageSources& of, std::size_t most, std::size_t max_words_bytes) {
  JsonWriter json;
  json.begin_array();
  for (const auto& slow : of.service.diagnostics().slow_requests(most)) {
    json.begin_object().field("id", slow->id).field("time", slow->time);
    json.field("us", slow->took.count()).field("calls", slow->calls);
    json.text_field("words", joined(slow->words), max_words_bytes);
    json.text_field("peer", slow->peer).text_field("name", slow->client_name, 64).end_object();
  }
  return json.end_array().take();
}

std::string config_json(const PageSources& of) {
  JsonWriter json;
  json.begin_array();
  for (const Setting& setting : of.service.settings()) {
    json.begin_object().text_field("path", setting.path);
    json.text_field("value", setting.value, kMaxSettingBytes).end_object();
  }
  return json.end_array().take();
}

}  // namespace reactord
