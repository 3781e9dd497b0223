// SPDX-License-Identifier: MIT
// What is run just now, in lines as Redis' MONITOR has them, for the one who watches. A batch's
// lines are gathered and told together. So many are told in a time; then it rests, and what was run
// meanwhile is told as a number. Knows no connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/interface/diagnostics.h"
#include "daemon/reactor/clock.h"

namespace reactord {

class RequestFeed {
 public:
  /// Of a line; what is longer is cut, so that nobody is shown a request of megabytes.
  static constexpr std::size_t kMaxLineBytes = 4096;

  /// In each kWindow, all that are told one line together: one costs some 0.2 microseconds, so that
  /// a loop that is busy all the time spends 4% on it, as seen with pipelines of 16. No person and
  /// no terminal reads as many.
  static constexpr std::size_t kMaxLinesPerWindow = 20'000;
  static constexpr auto kWindow = std::chrono::milliseconds(100);
  /// The same of a batch, since all wait for it: some 0.4 ms.
  static constexpr std::size_t kMaxLinesPerBatch = 2000;

  /// `told` passes lines on to so many; to none ends it. In force from the next batch on.
  void watch(std::size_t watchers, Diagnostics::RequestsTold told) {
    watchers_ = watchers;
    told_ = std::move(told);
  }
  [[nodiscard]] bool is_watched() const { return watchers_ > 0; }
  /// Whether lines are wanted, at `now`, when `requests` were served since the start.
  [[nodiscard]] bool wants_lines(TimePoint now, std::uint64_t requests);

  /// Whose requests the next are, before the first of a batch.
  [[nodiscard]] bool has_begun() const { return !prefix_.empty(); }
  void begin(std::chrono::system_clock::time_point now, std::string_view peer);
  void add(std::span<const std::string_view> words, std::size_t first_secret);
  /// The batch is over: tells its lines. How many bytes are passed on, all in all.
  std::size_t end();

 private:
  std::size_t watchers_ = 0;
  Diagnostics::RequestsTold told_;
  std::string prefix_;  ///< `1700000000.123456 [0 127.0.0.1:50000]`
  std::string lines_;
  std::size_t count_ = 0;  ///< of them
  TimePoint window_began_{};
  std::size_t told_in_window_ = 0;
  bool rests_ = false;
  std::uint64_t rests_since_ = 0;  ///< in requests
  std::uint64_t left_out_ = 0;     ///< and not told yet
};

/// `"a\\x00"`: quoted as Redis does (sdscatrepr). At most `max_bytes` of the word.
void append_quoted(std::string& out, std::string_view word, std::size_t max_bytes);

}  // namespace reactord
