// SPDX-License-Identifier: MIT
#include "daemon/metrics/exposition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <limits>
#include <utility>

#include "protocol/escape.h"

namespace reactord {

namespace {

constexpr std::string_view kOpenMetrics = "application/openmetrics-text";
constexpr std::string_view kTotal = "_total";
constexpr std::string_view kInfo = "_info";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes what stands before the next `end`, which goes too.
std::string_view take(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view taken = trimmed(text.substr(0, at));
  text.remove_prefix(at == text.npos ? text.size() : at + 1);
  return taken;
}

/// 0 to 1; what is no number counts as 0: nobody has asked for it.
double quality_of(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = take(parameters, ';');
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    double quality = 0;
    const std::string_view digits = parameter.substr(2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), quality);
    return error == std::errc() && end == digits.data() + digits.size() ? quality : 0;
  }
  return 1;
}

void append_escaped(std::string& out, std::string_view text, bool in_quotes) {
  for (const char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\\' || (in_quotes && c == '"'))
      (out += '\\') += c;
    else
      out += c;
  }
}

}  // namespace

std::string_view content_type_of(MetricsFormat format) {
  return format == MetricsFormat::openmetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

MetricsFormat format_for(std::string_view accept) {
  double openmetrics = 0;
  double text = 0;
  while (!accept.empty()) {
    std::string_view range = take(accept, ',');
    const std::string_view type = take(range, ';');
    if (type == kOpenMetrics)
      openmetrics = std::max(openmetrics, quality_of(range));
    else if (type == "text/plain" || type == "text/*" || type == "*/*")
      text = std::max(text, quality_of(range));
  }
  return openmetrics > 0 && openmetrics >= text ? MetricsFormat::openmetrics
                                                : MetricsFormat::prometheus;
}

/// In OpenMetrics a family of counters has the name without "_total", and only its samples have it.
void Exposition::begin(std::string_view name, std::string_view kind, std::string_view help) {
  family_ = name;
  const bool is_cut =
      format_ == MetricsFormat::openmetrics && kind == "counter" && name.ends_with(kTotal);
  write_head(name.substr(0, name.size() - (is_cut ? kTotal.size() : 0)), kind, help);
}

/// OpenMetrics has a type of its own for it, in whose name "_info" is what "_total" is in a
/// counter's.
void Exposition::info(std::string_view name, std::string_view help) {
  if (format_ == MetricsFormat::prometheus) return gauge(name, help);
  family_ = name;
  write_head(name.substr(0, name.size() - kInfo.size()), "info", help);
}

void Exposition::write_head(std::string_view name, std::string_view kind, std::string_view help) {
  fmt::format_to(std::back_inserter(text_), "# HELP {} ", name);
  append_escaped(text_, help, format_ == MetricsFormat::openmetrics);
  fmt::format_to(std::back_inserter(text_), "\n# TYPE {} {}\n", name, kind);
  lines_ += 2;
}

void Exposition::write_name(Labels labels, std::string_view suffix) {
  (text_ += family_) += suffix;
  if (labels.count == 0) return;
  char separator = '{';
  for (std::size_t i = 0; i < labels.count; ++i) {
    const Label& label = labels.first[i];
    text_ += separator;
    text_ += label.name;
    text_ += "=\"";
    append_escaped(text_, escaped(label.value), true);
    text_ += '"';
    separator = ',';
  }
  text_ += '}';
}

template <class Value>
void Exposition::write_value(Labels labels, Value value, std::string_view suffix) {
  write_name(labels, suffix);
  fmt::format_to(std::back_inserter(text_), " {}\n", value);
  ++lines_;
}

void Exposition::write(Labels labels, std::uint64_t value) {
  write_value(labels, value);
}

void Exposition::write(Labels labels, double value) {
  write_value(labels, value);
}

void Exposition::distribution(Label label, const Distribution& of) {
  const std::size_t own = label.name.empty() ? 0 : 1;
  std::optional<Exemplar> exemplar =
      format_ == MetricsFormat::openmetrics ? of.exemplar : std::nullopt;
  const auto append_bucket = [&](std::string_view bound, const Bucket& bucket) {
    const std::array<Label, 2> labels{label, Label{"le", bound}};
    write_value({labels.data() + 1 - own, 1 + own}, bucket.count, "_bucket");
    if (!exemplar || exemplar->value > bucket.up_to) return;
    write_exemplar(*exemplar);
    exemplar.reset();
  };
  for (const Bucket& bucket : of.buckets) append_bucket(fmt::format("{}", bucket.up_to), bucket);
  append_bucket("+Inf", {std::numeric_limits<double>::infinity(), of.count});
  write_value({&label, own}, of.sum, "_sum");
  write_value({&label, own}, of.count, "_count");
}

/// Behind the sample that was written last, in its line.
void Exposition::write_exemplar(const Exemplar& exemplar) {
  text_.pop_back();
  fmt::format_to(std::back_inserter(text_), " # {{trace_id=\"{}\",span_id=\"{}\"}} {} {:.3f}\n",
                 exemplar.trace_id, exemplar.span_id, exemplar.value, exemplar.at);
}

void Exposition::end() {
  if (format_ == MetricsFormat::openmetrics) text_ += "# EOF\n";
}

std::string Exposition::take() {
  lines_ = 0;
  return std::exchange(text_, {});
}

}  // namespace reactord
