// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/top/client_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace reactord::cli {
namespace {

constexpr std::array<std::string_view, kTopOrders> kNames{"rate",   "cpu",  "in", "out",
                                                          "memory", "idle", "age"};

/// What a counter has gone up by, in a second; a smaller one is another counter.
double rate_of(const Figures& now, const Figures* before, std::string_view name, double seconds) {
  const double total = now.number_or(name, 0);
  const double earlier = before == nullptr ? 0 : before->number_or(name, 0);
  return seconds > 0 ? std::max(0.0, total - earlier) / seconds : 0;
}

std::string who_of(const Figures& client) {
  const std::string_view name = client.text("name");
  return name.empty() ? std::string(client.text("addr"))
                      : fmt::format("{} {}", client.text("addr"), name);
}

double value_of(const ClientRow& row, TopOrder order) {
  switch (order) {
    case TopOrder::rate:
      return row.rate;
    case TopOrder::work:
      return row.share;
    case TopOrder::received:
      return row.received;
    case TopOrder::sent:
      return row.sent;
    case TopOrder::memory:
      return row.memory;
    case TopOrder::idle:
      return row.idle;
    case TopOrder::age:
      return row.age;
  }
  return 0;
}

bool is_meant(const ClientRow& row, std::string_view filter) {
  for (const std::string_view text :
       {std::string_view(row.who), std::string_view(row.user), std::string_view(row.listener),
        std::string_view(row.command)})
    if (text.find(filter) != text.npos) return true;
  return false;
}

ClientRow row_of(std::uint64_t id, const Figures& now, const Figures* before, double seconds) {
  ClientRow row{.id = id,
                .who = who_of(now),
                .user = std::string(now.text("user")),
                .listener = std::string(now.text("listener")),
                .command = std::string(now.text("cmd")),
                .memory = now.number_or("tot-mem", 0),
                .idle = now.number_or("idle", 0),
                .age = now.number_or("age", 0),
                .all = now};
  // Its age is told in whole seconds; who has just come has not been here for none.
  const double since =
      before != nullptr ? seconds : std::clamp(row.age, 1.0, std::max(1.0, row.age));
  row.rate = rate_of(now, before, "tot-cmds", since);
  row.share = rate_of(now, before, "tot-cpu-usec", since) / 1e6;
  row.received = rate_of(now, before, "tot-net-in", since);
  row.sent = rate_of(now, before, "tot-net-out", since);
  return row;
}

}  // namespace

std::string_view name_of(TopOrder order) {
  return kNames[static_cast<std::size_t>(order)];
}

std::vector<ClientRow> client_rows(const ClientList& now, const ClientList& before, double seconds,
                                   TopOrder order, std::string_view filter) {
  std::vector<ClientRow> rows;
  for (const auto& [id, client] : now) {
    const auto earlier = before.find(id);
    rows.push_back(
        row_of(id, client, earlier == before.end() ? nullptr : &earlier->second, seconds));
    if (!is_meant(rows.back(), filter)) rows.pop_back();
  }
  std::stable_sort(rows.begin(), rows.end(), [order](const ClientRow& one, const ClientRow& other) {
    return value_of(one, order) > value_of(other, order);
  });
  return rows;
}

std::vector<CommandRow> command_rows(const Figures& now, const Figures& before,
                                     const Figures& latencies, double seconds,
                                     std::string_view filter) {
  std::vector<CommandRow> rows;
  const auto earlier = command_stats(before);
  for (const auto& [name, stats] : command_stats(now)) {
    if (name.find(filter) == name.npos) continue;
    const auto found = earlier.find(name);
    const Figures* const was = found == earlier.end() ? nullptr : &found->second;
    CommandRow row{.name = name,
                   .rate = rate_of(stats, was, "calls", seconds),
                   .mean = stats.number_or("usec_per_call", 0),
                   .share = rate_of(stats, was, "usec", seconds) / 1e6,
                   .failures = rate_of(stats, was, "failed_calls", seconds)};
    const Figures percentiles =
        Figures::from_fields(latencies.text("latency_percentiles_usec_" + name), ',');
    row.p99 = percentiles.number_or("p99", 0);
    rows.push_back(std::move(row));
  }
  std::stable_sort(rows.begin(), rows.end(), [](const CommandRow& one, const CommandRow& other) {
    return one.share != other.share ? one.share > other.share : one.rate > other.rate;
  });
  return rows;
}

}  // namespace reactord::cli
