// SPDX-License-Identifier: MIT
#include "tools/reactor-load/report/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/reactor-load/results/units.h"

namespace reactord::load {
namespace {

/// Of a group's errors before closes, the most frequent are shown.
constexpr std::size_t kMostLastWords = 5;

/// In the open model a generator that is busier than this measures itself.
constexpr double kBusy = 0.9;

/// Of why a group's connections failed, the most frequent causes are shown.
constexpr std::size_t kMostCauses = 4;

/// Of a planned rate: what is sent at the very end is not worth a word.
constexpr double kReached = 0.98;

std::string count(std::uint64_t number) {
  return show_count(static_cast<double>(number));
}

std::string time_at(const Histogram& latency, double share) {
  return latency.count() == 0 ? "-" : show_time(static_cast<double>(latency.at_share(share)));
}

std::vector<std::string> row(const std::string& name, std::uint64_t replies, double seconds,
                             const Histogram& latency, std::uint64_t bytes_out,
                             std::uint64_t bytes_in) {
  const double rate = seconds > 0 ? static_cast<double>(replies) / seconds : 0;
  return {name,
          count(replies),
          show_count(rate),
          latency.count() == 0 ? "-" : show_time(latency.mean()),
          time_at(latency, 0.5),
          time_at(latency, 0.9),
          time_at(latency, 0.99),
          time_at(latency, 0.999),
          latency.count() == 0 ? "-" : show_time(static_cast<double>(latency.most())),
          show_bytes(static_cast<double>(bytes_out)),
          show_bytes(static_cast<double>(bytes_in))};
}

std::string figures(const Result& result) {
  std::vector<std::vector<std::string>> rows{
      {"", "replies", "a second", "mean", "p50", "p90", "p99", "p99.9", "max", "sent", "received"}};
  for (const GroupTally& group : result.tally.groups) {
    rows.push_back({group.name + (group.hostile ? "  (hostile)" : "")});
    for (const CommandTally& command : group.commands) {
      // What expects no reply has only been sent.
      const bool silent = command.replies == 0 && command.sent > 0 && group.hostile;
      rows.push_back(row("  " + command.label, command.replies, result.seconds, command.latency,
                         command.bytes_out, command.bytes_in));
      if (silent) rows.back()[1] = count(command.sent) + " sent";
    }
    // Those that were measured: `connects` counts the warm-up's, too.
    rows.push_back(row("  connect", group.connect_latency.count(), result.seconds,
                       group.connect_latency, 0, group.unmatched_bytes_in));
  }
  const GroupTally all = result.tally.honest();
  if (all.commands.size() > 1) {
    std::uint64_t out = 0;
    std::uint64_t in = 0;
    for (const CommandTally& command : all.commands) {
      out += command.bytes_out;
      in += command.bytes_in;
    }
    rows.push_back(row("all replies", all.replies(), result.seconds, all.latency(), out, in));
  }
  return table(rows);
}

std::string closes(const GroupTally& group) {
  std::string out = fmt::format("closed  {}: {} by the client, {} by the server, {} by reset\n",
                                group.name, count(group.closed_by_client),
                                count(group.closed_by_server), count(group.closed_by_reset));
  std::vector<std::pair<std::uint64_t, std::string>> words;
  for (const auto& [text, times] : group.last_words) words.emplace_back(times, text);
  std::sort(words.rbegin(), words.rend());
  for (std::size_t i = 0; i < std::min(words.size(), kMostLastWords); ++i) {
    out += fmt::format("          {} after: {}\n", count(words[i].first), words[i].second);
  }
  if (words.size() > kMostLastWords) {
    out += fmt::format("          and {} kinds of others\n", words.size() - kMostLastWords);
  }
  return out;
}

std::string troubles(const Result& result) {
  std::string out;
  const GroupTally all = result.tally.honest();
  if (all.errors() == 0) return out;
  const std::pair<const char*, std::uint64_t> counts[] = {
      {"wrong", all.wrong()},      {"missing", all.missing},
      {"surplus", all.surplus},    {"not in time", all.timeouts},
      {"not a reply", all.broken}, {"failed connections", all.connect_failures},
  };
  out += fmt::format("{} errors:", count(all.errors()));
  for (const auto& [name, number] : counts) {
    if (number > 0) out += fmt::format(" {} {},", count(number), name);
  }
  out.back() = '\n';
  for (const Failure& failure : result.tally.failures) {
    out += fmt::format("  {}\n", to_string(failure));
  }
  return out + "\n";
}

/// "3 of 50 clients never connected; 12 x connection refused": what was seen, cause by cause.
std::string connect_trouble(const Group& group, const GroupTally& tally) {
  std::string out = fmt::format("'{}': ", group.name);
  if (tally.unconnected > 0) {
    out += fmt::format("{} of {} clients never connected", count(tally.unconnected),
                       count(static_cast<std::uint64_t>(group.clients)));
  } else {
    out += "connections failed";
  }
  std::vector<std::pair<std::uint64_t, std::string>> causes;
  for (const auto& [cause, times] : tally.connect_problems) causes.emplace_back(times, cause);
  std::sort(causes.rbegin(), causes.rend());
  causes.resize(std::min(causes.size(), kMostCauses));
  for (const auto& [times, cause] : causes) out += fmt::format("; {} x {}", count(times), cause);
  return out;
}

/// More clients are no help where those that there are were not let in.
std::string rate_trouble(const Group& group, const GroupTally& tally, double seconds) {
  const bool let_in = tally.connect_problems.empty();
  return fmt::format("'{}' was to send {} requests a second, and sent {}: {}", group.name,
                     show_count(static_cast<double>(group.rate)),
                     show_count(static_cast<double>(tally.sent()) / seconds),
                     let_in ? "give it more clients or a deeper pipeline, or ask for less"
                            : "its connections failed, as said above");
}

double busy_share(const Plan& plan, const Result& result) {
  const double whole = result.wall_seconds * static_cast<double>(plan.scenario.threads);
  return whole > 0 ? result.tally.busy_seconds / whole : 0;
}

std::string overhead(const Plan& plan, const Result& result) {
  const GroupTally all = result.tally.honest();
  std::uint64_t sent = 0;
  for (const GroupTally& group : result.tally.groups) sent += group.sent();
  const auto requests = static_cast<double>(std::max<std::uint64_t>(1, sent));
  std::string out = fmt::format(
      "load generator: {} thread{}, {:.0f}% busy, {:.2f} s CPU, {} a request\n",
      plan.scenario.threads, plan.scenario.threads == 1 ? "" : "s", busy_share(plan, result) * 100,
      result.cpu_seconds, show_time(result.cpu_seconds * 1e9 / requests));
  const bool planned = all.lateness.count() > 0 || all.held_back > 0;
  for (const std::string& warning : warnings(plan, result)) out += "WARNING: " + warning + "\n";
  if (planned) {
    out += fmt::format(
        "planned sends: {} late by more than 1 ms (p99 {}, worst {}); {} held back, because "
        "as many requests of their client as -d (pipeline) allows had no reply yet\n",
        count(all.late), time_at(all.lateness, 0.99),
        show_time(static_cast<double>(all.lateness.most())), count(all.held_back));
  }
  return out;
}

std::string verdict(const Result& result, bool color) {
  std::string out;
  for (const Judgement& judgement : result.judgements) {
    const Threshold& threshold = judgement.threshold;
    const std::string_view style = !color ? "" : judgement.passed ? "\x1b[32m" : "\x1b[31m";
    out +=
        fmt::format("{}{}{}  {}{}: {}\n", style, judgement.passed ? "ok    " : "FAILED",
                    color ? "\x1b[0m" : "", threshold.group.empty() ? "" : threshold.group + ": ",
                    threshold.source, show_value(threshold, judgement.value));
  }
  return out;
}

std::size_t columns(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& cells : rows) {
    if (cells.size() > widths.size()) widths.resize(cells.size());
    // A row of one cell is a heading, which may be as long as it likes.
    for (std::size_t i = 0; i < cells.size() && cells.size() > 1; ++i) {
      widths[i] = std::max(widths[i], columns(cells[i]));
    }
  }
  std::string out;
  for (const auto& cells : rows) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::size_t used = columns(cells[i]);
      const std::string pad(widths[i] > used ? widths[i] - used : 0, ' ');
      text += i == 0 ? cells[i] + pad : "  " + pad + cells[i];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  return out;
}

std::vector<std::string> warnings(const Plan& plan, const Result& result) {
  std::vector<std::string> out;
  const GroupTally all = result.tally.honest();
  const bool planned = all.lateness.count() > 0 || all.held_back > 0;
  if (planned && busy_share(plan, result) > kBusy) {
    out.emplace_back(
        "this was nearly all that the generator can do, so latencies are its own, too: use more "
        "--threads, or less load");
  }
  for (std::size_t i = 0; i < plan.groups.size(); ++i) {
    const Group& group = plan.groups[i].group;
    const GroupTally& tally = result.tally.groups[i];
    if (!tally.connect_problems.empty()) out.push_back(connect_trouble(group, tally));
    if (tally.unmeasured > 0) {
      out.push_back(fmt::format("'{}': {} of its clients connected, and had no measured reply",
                                group.name, count(tally.unmeasured)));
    }
    const auto sent = static_cast<double>(tally.sends_at_rate);
    if (result.interrupted || sent >= kReached * tally.planned_sends) continue;
    out.push_back(rate_trouble(group, tally, result.seconds));
  }
  return out;
}

std::string summarize(const Plan& plan, const Result& result, bool color) {
  std::string out =
      fmt::format("{}, {} at {}{}\n\n", plan.scenario.title, show_span(result.seconds),
                  plan.scenario.uri, result.interrupted ? ", interrupted" : "");
  out += figures(result) + "\n";
  for (const GroupTally& group : result.tally.groups) {
    const bool plain = !group.hostile && group.closed_by_reset == 0 && group.last_words.empty();
    if (!plain) out += closes(group);
  }
  return out + troubles(result) + overhead(plan, result) + verdict(result, color);
}

}  // namespace reactord::load
