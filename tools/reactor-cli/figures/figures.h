// SPDX-License-Identifier: MIT
// What a server tells of itself as text, by name: INFO's lines, CONFIG GET's pairs, the fields of a
// line of CLIENT LIST or of commandstats. Any figure may be absent: servers are of any kind and
// age. Knows no connection.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace reactord::cli {

class Figures {
 public:
  /// Lines "name:value"; comments and whatever else is skipped.
  [[nodiscard]] static Figures from_info(std::string_view text);
  /// "name=value" fields with `separator` between them.
  [[nodiscard]] static Figures from_fields(std::string_view line, char separator);

  void set(std::string name, std::string value) { values_[std::move(name)] = std::move(value); }
  void add(const Figures& others) { values_.insert(others.values_.begin(), others.values_.end()); }

  [[nodiscard]] bool has(std::string_view name) const { return values_.contains(name); }
  /// "" where it is not told. Valid as long as this is.
  [[nodiscard]] std::string_view text(std::string_view name) const;
  /// Nothing where it is not told, or is no finite number.
  [[nodiscard]] std::optional<double> number(std::string_view name) const;
  [[nodiscard]] double number_or(std::string_view name, double otherwise) const {
    return number(name).value_or(otherwise);
  }
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& all() const {
    return values_;
  }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// By command: what INFO commandstats says of it ("cmdstat_get:calls=1,usec=2,...").
[[nodiscard]] std::map<std::string, Figures, std::less<>> command_stats(const Figures& info);

/// CLIENT LIST, by the client's id.
[[nodiscard]] std::map<std::uint64_t, Figures> client_list(std::string_view text);

/// "12.3M": at most five characters, in units of 1024.
[[nodiscard]] std::string short_bytes(double bytes);
/// "12.3k": at most five characters, in units of 1000.
[[nodiscard]] std::string short_count(double count);

}  // namespace reactord::cli
