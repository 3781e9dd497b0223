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
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;

  /// `error` begins with its code ("ERR unknown command"), as written in any encoding.
  void count(std::string_view error) noexcept;

  /// {"ERR", 3}
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  Counts counts_;
};

}  // namespace reactord
