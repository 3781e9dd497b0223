// SPDX-License-Identifier: MIT
// Writes metrics in the text formats that Prometheus reads: its own (version 0.0.4) and OpenMetrics
// (1.0.0). Escapes what it is given; knows nothing of what is measured.
//   https://prometheus.io/docs/instrumenting/exposition_formats/
//   https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace reactord {

enum class MetricsFormat : std::uint8_t { prometheus, openmetrics };

/// With its version, which Prometheus 3 insists on.
[[nodiscard]] std::string_view content_type_of(MetricsFormat format);
/// What a scraper would rather have, by its Accept header (RFC 9110, 12.5.1); "" is none.
[[nodiscard]] MetricsFormat format_for(std::string_view accept);

class Exposition {
 public:
  explicit Exposition(MetricsFormat format) : format_(format) {}

  /// Begins a family; its samples follow. A counter's name ends with "_total".
  void counter(std::string_view name, std::string_view help) { begin(name, "counter", help); }
  void gauge(std::string_view name, std::string_view help) { begin(name, "gauge", help); }
  void histogram(std::string_view name, std::string_view help) { begin(name, "histogram", help); }
  /// What never changes while the process lives: a gauge of 1 whose labels tell. Ends with "_info".
  void info(std::string_view name, std::string_view help);

  struct Label {
    std::string_view name;   ///< of letters and '_'
    std::string_view value;  ///< any bytes: what cannot be shown is written as escaped() has it
  };
  /// Of the family begun last. All samples of one have labels of the same names, and no two the
  /// same values.
  void sample(std::uint64_t value) { write({}, value); }
  void sample(double value) { write({}, value); }
  template <class Value>
  void sample(Label label, Value value) {
    write({&label, 1}, value);
  }
  template <class Value>
  void sample(std::initializer_list<Label> labels, Value value) {
    write({labels.begin(), labels.size()}, value);
  }

  /// Of a histogram: how many values were up to each of some bounds, the bounds rising.
  struct Bucket {
    double up_to;
    std::uint64_t count;
  };
  /// One of the values that were counted, and which trace it is from. OpenMetrics alone has them.
  struct Exemplar {
    std::string_view trace_id;
    std::string_view span_id;
    double value;
    double at;  ///< seconds since 1970
  };
  struct Distribution {
    std::span<const Bucket> buckets;
    std::uint64_t count;  ///< of all, those above the last bound too
    double sum;
    std::optional<Exemplar> exemplar = {};
  };
  /// The sample of a histogram; a label without a name is none.
  void distribution(Label label, const Distribution& of);

  /// Nothing may follow.
  void end();
  /// What was written since the last time, and of how many lines that is.
  [[nodiscard]] std::string take();
  [[nodiscard]] std::size_t lines() const { return lines_; }

 private:
  struct Labels {
    const Label* first = nullptr;
    std::size_t count = 0;
  };
  void begin(std::string_view name, std::string_view kind, std::string_view help);
  void write_head(std::string_view name, std::string_view kind, std::string_view help);
  void write_exemplar(const Exemplar& exemplar);
  void write_name(Labels labels, std::string_view suffix);
  template <class Value>
  void write_value(Labels labels, Value value, std::string_view suffix = {});
  void write(Labels labels, std::uint64_t value);
  void write(Labels labels, double value);

  MetricsFormat format_;
  std::string family_;
  std::string text_;
  std::size_t lines_ = 0;
};

}  // namespace reactord
