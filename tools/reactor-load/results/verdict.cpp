// SPDX-License-Identifier: MIT
#include "tools/reactor-load/results/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "config/text/suggest.h"
#include "config/text/toml_text.h"
#include "tools/reactor-load/results/units.h"

namespace reactord::load {
namespace {

enum class Unit : std::uint8_t { time, number };

struct Metric {
  std::string_view name;
  Unit unit;
  bool per_command = false;
};
constexpr std::array kMetrics{
    Metric{"p50", Unit::time, true},          Metric{"p90", Unit::time, true},
    Metric{"p99", Unit::time, true},          Metric{"p99.9", Unit::time, true},
    Metric{"p99.99", Unit::time, true},       Metric{"mean", Unit::time, true},
    Metric{"max", Unit::time, true},          Metric{"rate", Unit::number, true},
    Metric{"requests", Unit::number, true},   Metric{"replies", Unit::number, true},
    Metric{"errors", Unit::number},           Metric{"wrong", Unit::number},
    Metric{"missing", Unit::number},          Metric{"surplus", Unit::number},
    Metric{"timeouts", Unit::number},         Metric{"connects", Unit::number},
    Metric{"connect_failures", Unit::number}, Metric{"connect_p99", Unit::time},
    Metric{"unconnected", Unit::number},      Metric{"unmeasured", Unit::number},
    Metric{"reached", Unit::number},          Metric{"closed", Unit::number},
    Metric{"closed_by_client", Unit::number}, Metric{"closed_by_server", Unit::number},
    Metric{"closed_by_reset", Unit::number},  Metric{"late", Unit::number},
    Metric{"late_p99", Unit::time},           Metric{"held_back", Unit::number},
    Metric{"pause_p99", Unit::time},          Metric{"pause_max", Unit::time},
};

struct OperatorWord {
  std::string_view word;
  Threshold::Operator op;
};
constexpr std::array kOperators{
    OperatorWord{"<=", Threshold::Operator::at_most},
    OperatorWord{">=", Threshold::Operator::at_least},
    OperatorWord{"==", Threshold::Operator::equal},
    OperatorWord{"!=", Threshold::Operator::unequal},
    OperatorWord{"<", Threshold::Operator::less},
    OperatorWord{">", Threshold::Operator::more},
};

const Metric* find_metric(std::string_view name) {
  const auto found = std::find_if(kMetrics.begin(), kMetrics.end(),
                                  [&](const Metric& metric) { return metric.name == name; });
  return found == kMetrics.end() ? nullptr : &*found;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string read_value(std::string_view text, Unit unit, double& value) {
  if (unit == Unit::time) {
    const std::optional<double> nanoseconds = parse_nanoseconds(text);
    if (!nanoseconds) {
      return fmt::format("expected a time such as 1ms, 250us or 1.5s, found {}", shown(text));
    }
    value = *nanoseconds;
    return {};
  }
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = problem == std::errc() && end == text.data() + text.size();
  return good ? "" : fmt::format("expected a number, found {}", shown(text));
}

/// Cuts `closed "TEXT"` and `p99 of CEIL` apart.
std::string read_subject(std::string_view text, Threshold& out) {
  const std::size_t quote = text.find('"');
  if (quote != std::string_view::npos) {
    if (!text.ends_with('"') || text.size() < quote + 2) return "a quote without its partner";
    out.quoted = text.substr(quote + 1, text.size() - quote - 2);
    text = trimmed(text.substr(0, quote));
    if (text != "closed") return "only closed takes a text in quotes";
  }
  constexpr std::string_view kOf = " of ";
  const std::size_t of = text.find(kOf);
  if (of != std::string_view::npos) out.command = trimmed(text.substr(of + kOf.size()));
  out.metric = trimmed(text.substr(0, of));
  const Metric* metric = find_metric(out.metric);
  if (metric == nullptr) {
    std::vector<std::string_view> names;
    for (const Metric& known : kMetrics) names.push_back(known.name);
    return fmt::format("nothing called {} is measured{}", shown(out.metric),
                       suggestion(out.metric, names));
  }
  if (!out.command.empty() && !metric->per_command) {
    return fmt::format("{} is counted for groups, not for commands", out.metric);
  }
  return {};
}

/// Where the operator begins: outside of quotes, the first of its bytes.
std::size_t find_operator(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (!quoted && std::string_view("<>=!").find(text[i]) != std::string_view::npos) return i;
  }
  return std::string_view::npos;
}

}  // namespace

std::string parse_threshold(std::string_view text, Threshold& out) {
  out = {};
  out.source = trimmed(text);
  const std::size_t at = find_operator(text);
  const auto rest = at == std::string_view::npos ? std::string_view() : text.substr(at);
  for (const OperatorWord& known : kOperators) {
    if (!rest.starts_with(known.word)) continue;
    out.op = known.op;
    std::string problem = read_subject(trimmed(text.substr(0, at)), out);
    if (!problem.empty()) return problem;
    return read_value(trimmed(rest.substr(known.word.size())), find_metric(out.metric)->unit,
                      out.bound);
  }
  return fmt::format("expected a threshold such as \"p99 < 1ms\" or \"errors == 0\", found {}",
                     shown(text));
}

// Written so that nothing holds for NaN.
bool holds(const Threshold& threshold, double value) {
  switch (threshold.op) {
    case Threshold::Operator::less:
      return value < threshold.bound;
    case Threshold::Operator::at_most:
      return value <= threshold.bound;
    case Threshold::Operator::more:
      return value > threshold.bound;
    case Threshold::Operator::at_least:
      return value >= threshold.bound;
    case Threshold::Operator::equal:
      return value >= threshold.bound && value <= threshold.bound;
    case Threshold::Operator::unequal:
      return value < threshold.bound || value > threshold.bound;
  }
  return false;
}

std::string show_value(const Threshold& threshold, double value) {
  if (std::isnan(value)) return "nothing was measured";
  const Metric* metric = find_metric(threshold.metric);
  const bool time = metric != nullptr && metric->unit == Unit::time;
  return time ? show_time(value) : show_count(value);
}

}  // namespace reactord::load
