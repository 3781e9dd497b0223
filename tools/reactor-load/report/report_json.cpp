// SPDX-License-Identifier: MIT
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/reactor-load/report/report.h"
#include "tools/reactor-load/report/summary.h"

namespace reactord::load {
namespace {

using Json = nlohmann::ordered_json;

Json latency_of(const Histogram& latency) {
  return {{"count", latency.count()},
          {"mean", latency.mean()},
          {"min", latency.least()},
          {"p50", latency.at_share(0.5)},
          {"p90", latency.at_share(0.9)},
          {"p99", latency.at_share(0.99)},
          {"p99.9", latency.at_share(0.999)},
          {"p99.99", latency.at_share(0.9999)},
          {"max", latency.most()}};
}

/// Buckets that are not empty, as [nanoseconds, count].
Json distribution_of(const Histogram& latency) {
  Json out = Json::array();
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
    if (latency.in_bucket(i) > 0) out.push_back({Histogram::value_of(i), latency.in_bucket(i)});
  }
  return out;
}

Json commands_of(const GroupTally& group, double seconds) {
  Json out = Json::array();
  for (const CommandTally& command : group.commands) {
    const auto replies = static_cast<double>(command.replies);
    out.push_back({{"name", command.label},
                   {"sent", command.sent},
                   {"replies", command.replies},
                   {"rate", seconds > 0 ? replies / seconds : 0},
                   {"wrong", command.wrong},
                   {"bytes_out", command.bytes_out},
                   {"bytes_in", command.bytes_in},
                   {"latency", latency_of(command.latency)}});
  }
  return out;
}

Json group_of(const GroupTally& group, const Group& settings, double seconds) {
  Json words = Json::object();
  for (const auto& [text, count] : group.last_words) words[text] = count;
  Json causes = Json::object();
  for (const auto& [text, count] : group.connect_problems) causes[text] = count;
  return {{"name", group.name},
          {"hostile", group.hostile},
          {"clients", settings.clients},
          {"pipeline", settings.pipeline},
          {"rate", settings.rate},
          {"commands", commands_of(group, seconds)},
          {"connects", group.connects},
          {"connect_latency", latency_of(group.connect_latency)},
          {"pauses", latency_of(group.pauses)},
          {"connect_failures", group.connect_failures},
          {"connect_problems", causes},
          {"unconnected", group.unconnected},
          {"unmeasured", group.unmeasured},
          {"planned_sends", group.planned_sends},
          {"missing", group.missing},
          {"surplus", group.surplus},
          {"timeouts", group.timeouts},
          {"broken", group.broken},
          {"closed_by_client", group.closed_by_client},
          {"closed_by_server", group.closed_by_server},
          {"closed_by_reset", group.closed_by_reset},
          {"last_words", words},
          {"late", group.late},
          {"held_back", group.held_back},
          {"lateness", latency_of(group.lateness)}};
}

Json moments_of(const Result& result) {
  Json out = Json::array();
  for (const Moment& moment : result.moments) {
    out.push_back({{"at", moment.at},
                   {"seconds", moment.seconds},
                   {"replies", moment.replies},
                   {"errors", moment.errors},
                   {"in_flight", moment.in_flight},
                   {"connected", moment.connected},
                   {"p50", moment.p50},
                   {"p90", moment.p90},
                   {"p99", moment.p99},
                   {"p99.9", moment.p999},
                   {"max", moment.most}});
  }
  return out;
}

Json judgements_of(const Result& result) {
  Json out = Json::array();
  for (const Judgement& judgement : result.judgements) {
    out.push_back({{"group", judgement.threshold.group},
                   {"threshold", judgement.threshold.source},
                   {"value", judgement.value},
                   {"shown", show_value(judgement.threshold, judgement.value)},
                   {"passed", judgement.passed}});
  }
  return out;
}

Json failures_of(const Result& result) {
  Json out = Json::array();
  for (const Failure& failure : result.tally.failures) {
    out.push_back({{"kind", failure.kind},
                   {"group", failure.group},
                   {"command", failure.command},
                   {"client", failure.client},
                   {"connection", failure.connection},
                   {"position", failure.position},
                   {"request", failure.request},
                   {"expected", failure.expected},
                   {"got", failure.got}});
  }
  return out;
}

Json overhead_of(const Plan& plan, const Result& result) {
  std::uint64_t requests = 0;
  for (const GroupTally& group : result.tally.groups) requests += group.sent();
  const auto threads = static_cast<double>(plan.scenario.threads);
  const double wall = std::max(1e-9, result.wall_seconds * threads);
  return {{"threads", plan.scenario.threads},
          {"cpu_seconds", result.cpu_seconds},
          {"cpu_nanoseconds_per_request",
           result.cpu_seconds * 1e9 / static_cast<double>(std::max<std::uint64_t>(1, requests))},
          {"busy", result.tally.busy_seconds / wall}};
}

Json machine_of(const Machine& machine) {
  return {{"host", machine.host},     {"processor", machine.processor}, {"cores", machine.cores},
          {"memory", machine.memory}, {"system", machine.system},       {"when", machine.when}};
}

}  // namespace

std::string to_json(const Plan& plan, const Result& result, const Machine& machine) {
  const GroupTally all = result.tally.honest();
  const Histogram latency = all.latency();
  Json groups = Json::array();
  for (std::size_t i = 0; i < plan.groups.size(); ++i) {
    groups.push_back(group_of(result.tally.groups[i], plan.groups[i].group, result.seconds));
  }
  const double rate = result.seconds > 0 ? static_cast<double>(all.replies()) / result.seconds : 0;
  Json out{{"reactor_load", REACTORD_VERSION},
           {"title", plan.scenario.title},
           {"uri", plan.scenario.uri},
           {"seed", plan.scenario.seed},
           {"seconds", result.seconds},
           {"warm_up", std::chrono::duration<double>(plan.scenario.warm_up).count()},
           {"passed", result.passed()},
           {"interrupted", result.interrupted},
           {"replies", all.replies()},
           {"rate", rate},
           {"errors", all.errors()},
           {"late", all.late},
           {"held_back", all.held_back},
           {"latency", latency_of(latency)},
           {"groups", groups},
           {"thresholds", judgements_of(result)},
           {"failures", failures_of(result)},
           {"warnings", warnings(plan, result)},
           {"generator", overhead_of(plan, result)},
           {"machine", machine_of(machine)},
           {"moments", moments_of(result)},
           {"distribution", distribution_of(latency)},
           {"scenario", plan.scenario.source}};
  // What servers say may be any bytes; they were escaped, a scenario was checked to be UTF-8.
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace reactord::load
