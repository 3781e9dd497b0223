// SPDX-License-Identifier: MIT
// Counts events and writes them to the log. Formatting happens on the loop's thread, writing on
// another, behind a bounded queue: a sink that blocks costs log records (counted), never a turn of
// the loop.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/config.h"
#include "daemon/log/event_levels.h"
#include "daemon/log/event_text.h"
#include "daemon/log/events.h"
#include "daemon/log/recent_records.h"
#include "daemon/reactor/clock.h"

namespace reactord {

class EventLog {
 public:
  /// Opens the target ("stderr" or a path). Throws std::runtime_error if the file cannot be opened.
  EventLog(const Clock& clock, const LogSettings& settings);
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  /// Waits a moment for the queue to be written, then gives up on a sink that blocks.
  ~EventLog();

  /// Counts and logs.
  void record(Event event, EventFields fields = {}) {
    count(event);
    if (wants(event)) log(event, fields);
  }
  /// The halves of record(), where fields are dear to build and nobody may want to read them.
  void count(Event event) { ++counts_[static_cast<std::size_t>(event)]; }
  [[nodiscard]] bool wants(Event event) const { return levels_.reaches(event, level_); }
  /// Costs the record, and is counted as dropped, where there is no memory for it.
  void log(Event event, EventFields fields) noexcept;

  [[nodiscard]] std::uint64_t count_of(Event event) const;
  /// Records that the queue had no room for, or that the sink could not write.
  [[nodiscard]] std::uint64_t dropped() const;

  [[nodiscard]] const RecentRecords& recent() const { return recent_; }

  /// Records were left out, and no later one of their kind has told so.
  [[nodiscard]] bool has_left_out() const { return has_left_out_; }
  /// From one look at them to the next.
  static constexpr auto kLeftOutPause = std::chrono::seconds(1);
  /// Tells of those whose burst is over.
  void tell_left_out() noexcept;

  // --- the access log: Event::request, of which one in log.access_sample is told ---
  [[nodiscard]] bool logs_requests() const { return access_.access_sample > 0; }
  /// Once for each request: whether this one is told.
  [[nodiscard]] bool takes_request() noexcept;
  [[nodiscard]] bool shows_arguments() const { return access_.access_arguments; }
  void log_request(EventFields fields);
  /// From now on one in so many; the problem with the target, or "".
  [[nodiscard]] std::string set_access_sample(std::int64_t one_in);
  /// More than may be in a second.
  [[nodiscard]] std::uint64_t requests_left_out() const { return requests_left_out_; }
  [[nodiscard]] std::uint64_t requests_dropped() const;

  void set_level(LogLevel level) { level_ = level; }
  /// As log.levels has them. The problem, or "".
  [[nodiscard]] std::string set_levels(std::span<const std::string> rules) {
    return levels_.set(rules);
  }
  /// Applies a new level, levels, targets and format, and opens a file anew (log rotation). A
  /// target that cannot be opened leaves both as they were; the problem, or "".
  [[nodiscard]] std::string reconfigure(const LogSettings& settings);
  /// Why `target` could not be logged to, or ""; creates no file.
  [[nodiscard]] static std::string problem_with_target(const std::string& target);
  /// Opens the file anew, as it is configured already; the problem, or "".
  [[nodiscard]] std::string reopen();

 private:
  class Writer;
  [[nodiscard]] std::string open_access(const LogSettings& settings);

  /// True if as many events of this kind as may be were logged within a second; counts what is left
  /// out.
  [[nodiscard]] bool is_suppressed(Event event);
  void write(Event event, EventFields fields);

  const Clock& clock_;
  /// How many records of an event there were since when, and how many were left out.
  struct Rate {
    TimePoint since{};
    int logged = 0;
    std::uint64_t left_out = 0;
  };
  void tell_left_out(Event event, Rate& rate);

  LogLevel level_;
  EventLevels levels_;
  std::string target_;
  LogFormat format_;
  std::unique_ptr<Writer> writer_;
  std::array<std::uint64_t, kEvents.size()> counts_{};
  std::array<Rate, kEvents.size()> rates_{};
  RecentRecords recent_;
  bool has_left_out_ = false;
  LogSettings access_;                     ///< of these, what is the access log's
  std::unique_ptr<Writer> access_writer_;  ///< null until a request was to be logged
  std::int64_t requests_passed_ = 0;       ///< since the latest that was taken
  Rate request_rate_;
  std::uint64_t requests_left_out_ = 0;
  std::uint64_t lost_ = 0;  ///< records that there was no memory for
};

}  // namespace reactord
