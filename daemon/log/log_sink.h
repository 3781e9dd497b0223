// SPDX-License-Identifier: MIT
// Where log records end up: stderr (coloured on a terminal), a file, or the journal, which is where
// stderr leads in a service: natively, with fields to search by, where the journal's socket can be
// reached, else as lines with priorities. Runs on the logging thread; may block there without harm.
//
// A file that cannot be written costs its records; stderr hears of it when that begins and ends.
//
// A record is its text, and where wants_fields() says so a line break and event_fields() behind it;
// record_format.h makes a line of it.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "config/config.h"
#include "daemon/log/event_text.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  /// The level of an error that stderr shows too where the log is a file.
  static constexpr auto kAlsoToStderr = spdlog::level::critical;

  /// "stderr" or a path. Throws std::runtime_error if the file cannot be opened.
  LogSink(const std::string& target, LogFormat format);

  /// Why `target` could not be written, or ""; creates no file.
  [[nodiscard]] static std::string problem_with(const std::string& target);

  /// Opens `target` now and lets the logging thread change over, also from a record that the old
  /// target does not take; the problem, or "". Never waits for that record.
  [[nodiscard]] std::string retarget(const std::string& target, LogFormat format);

  /// Whether records should carry fields.
  [[nodiscard]] bool wants_fields() const { return wants_fields_; }
  [[nodiscard]] std::uint64_t failed_writes() const { return failed_writes_; }
  [[nodiscard]] bool is_writing() const { return is_writing_; }
  /// How often a file could not be written any more, and could again.
  [[nodiscard]] std::uint64_t outages() const { return outages_; }
  [[nodiscard]] std::uint64_t recoveries() const { return recoveries_; }

 protected:
  void sink_it_(const spdlog::details::log_msg& record) override;
  void flush_() override {}

 private:
  enum class Style : std::uint8_t { plain, coloured, journal_lines, journal_fields };
  struct Target {
    UniqueFd file;  ///< empty: stderr
    Style style = Style::plain;
    LogFormat format = LogFormat::text;
    std::string name = {};
    bool is_line_cut = false;  ///< its last line was written in part
  };
  struct Targets {
    Target target;
    Target on_stderr;
  };
  enum class Written : std::uint8_t {
    whole,
    failed,
    superseded  ///< there is a new target, and this one takes nothing now
  };
  /// Whether to wait for a target that takes nothing now.
  enum class Patience : std::uint8_t { wait, do_not_wait };

  [[nodiscard]] static Target open_target(const std::string& target, LogFormat format);
  [[nodiscard]] static Target open_stderr(LogFormat format);
  [[nodiscard]] static bool wants_fields(const Target& target);
  void change_over();
  [[nodiscard]] Written write(Target& target, const spdlog::details::log_msg& record,
                              Patience patience);
  [[nodiscard]] static std::string line_of(const Target& target,
                                           const spdlog::details::log_msg& record);
  [[nodiscard]] Written write_line(Target& target, std::string line, Patience patience);
  [[nodiscard]] static Written write_fields(int priority, std::string_view record);
  [[nodiscard]] bool wait_until_writable(int fd, Patience patience);
  void note_failure(int error);
  void note_success();
  void tell(Target& target, Event event, EventFields fields);

  Target target_;
  Target stderr_;
  std::uint64_t lost_ = 0;  ///< records, since the file could not be written; 0: it can
  std::mutex next_mutex_;   ///< held for a pointer's assignment, never for a write
  std::unique_ptr<Targets> next_;
  UniqueFd next_is_there_;  ///< eventfd(2): wakes the thread that waits for the old target
  std::atomic<std::uint64_t> failed_writes_{0};
  std::atomic<std::uint64_t> outages_{0};
  std::atomic<std::uint64_t> recoveries_{0};
  std::atomic<bool> is_writing_{false};
  std::atomic<bool> wants_fields_{false};
};

}  // namespace reactord
