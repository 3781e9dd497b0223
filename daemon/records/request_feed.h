// SPDX-License-Identifier: MIT
// What is run just now, in lines as Redis' MONITOR has them, for the one who watches. A batch's
// lines are gathered and told together. Knows no connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/interface/diagnostics.h"

namespace reactord {

class RequestFeed {
 public:
  /// Of a line; what is longer is cut, so that nobody is shown a request of megabytes.
  static constexpr std::size_t kMaxLineBytes = 4096;

  void watch(Diagnostics::RequestsTold told) { told_ = std::move(told); }
  [[nodiscard]] bool is_watched() const { return static_cast<bool>(told_); }

  /// Whose requests the next are, before the first of a batch.
  [[nodiscard]] bool has_begun() const { return !prefix_.empty(); }
  void begin(std::chrono::system_clock::time_point now, std::string_view peer);
  void add(std::span<const std::string_view> words, std::size_t first_secret);
  /// The batch is over: tells its lines.
  void end();

 private:
  Diagnostics::RequestsTold told_;
  std::string prefix_;  ///< `1700000000.123456 [0 127.0.0.1:50000]`
  std::string lines_;
};

/// `"a\\x00"`: quoted as Redis does (sdscatrepr). At most `max_bytes` of the word.
void append_quoted(std::string& out, std::string_view word, std::size_t max_bytes);

}  // namespace reactord
