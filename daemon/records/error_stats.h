// SPDX-License-Identifier: MIT
// How often each error code was sent to clients, whoever wrote the error and when: INFO's
// errorstats. Knows no connection.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace reactord {

class ErrorStats {
 public:
  /// A code by the order in which they came; 0 for none.
  using Number = std::uint8_t;
  struct Count {
    std::uint64_t errors = 0;
    Number number = 0;
    bool operator==(const Count&) const = default;
  };
  using Counts = std::map<std::string, Count, std::less<>>;

  /// `error` begins with its code ("ERR unknown command"), as written in any encoding; which that
  /// is. What is no code by its looks, and codes beyond the most, are one: "(other)".
  Number count(std::string_view error) noexcept;

  /// {"ERR", 3}
  [[nodiscard]] const Counts& counts() const { return counts_; }
  /// "ERR"; "" for 0.
  [[nodiscard]] std::string_view code_of(Number number) const;

 private:
  Number count(std::string_view code, std::size_t most) noexcept;

  Counts counts_;
};

}  // namespace reactord
