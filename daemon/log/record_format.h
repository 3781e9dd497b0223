// SPDX-License-Identifier: MIT
// The line that a record is in a file or on stderr, in each form of log.format. json and logfmt
// carry what the journal gets (event_fields(), with its names in small letters) besides time and
// level. Knows no sink and no event.
#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace reactord {

/// A record as it is queued: event_text(), and event_fields() behind a line break where there are
/// any. Valid UTF-8 without control characters, as those two make it.
struct LogRecord {
  std::string_view time;   ///< RFC 3339, UTC, with milliseconds
  std::string_view level;  ///< "info"
  std::string_view text_and_fields;

  [[nodiscard]] std::string_view text() const;
  /// Lines NAME=value, each with its end; may be empty.
  [[nodiscard]] std::string_view fields() const;
};

/// One line, with its end. json: an object (RFC 8259) whose values are all strings. logfmt: a value
/// is quoted, as in JSON, where it is empty or has a blank, '=', '"' or '\' in it.
[[nodiscard]] std::string format_record(LogFormat format, const LogRecord& record);

}  // namespace reactord
