// SPDX-License-Identifier: MIT
// Where log records end up: stderr (coloured on a terminal), a file, or the journal, which is where
// stderr leads in a service: natively, with fields to search by, where the journal's socket can be
// reached, else as lines with priorities. Runs on the logging thread; may block there without harm.
//
// A record is its text, and for the journal a line break and event_fields() behind it.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "daemon/reactor/unique_fd.h"

namespace reactord {

class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  /// "stderr" or a path. Throws std::runtime_error if the file cannot be opened.
  explicit LogSink(const std::string& target);

  /// Opens `target` now and lets the logging thread change over with its next record; the problem,
  /// or "" . Never blocks on a record that is being written.
  [[nodiscard]] std::string retarget(const std::string& target);

  /// Whether records should carry fields.
  [[nodiscard]] bool wants_fields() const { return wants_fields_; }
  [[nodiscard]] std::uint64_t failed_writes() const { return failed_writes_; }
  [[nodiscard]] bool is_writing() const { return is_writing_; }

 protected:
  void sink_it_(const spdlog::details::log_msg& record) override;
  void flush_() override {}

 private:
  enum class Style : std::uint8_t { plain, coloured, journal_lines, journal_fields };
  struct Target {
    UniqueFd file;  ///< empty: stderr
    Style style = Style::plain;
  };

  [[nodiscard]] static Target open_target(const std::string& target);
  void change_over();
  void write_line(const std::string& line);
  void write_fields(int priority, std::string_view record);

  Target target_;
  std::mutex next_mutex_;  ///< held for a pointer's assignment, never for a write
  std::unique_ptr<Target> next_;
  std::atomic<std::uint64_t> failed_writes_{0};
  std::atomic<bool> is_writing_{false};
  std::atomic<bool> wants_fields_{false};
};

}  // namespace reactord
