// SPDX-License-Identifier: MIT
#include "daemon/log/recent_records.h"

#include <fmt/format.h>

#include <iterator>

namespace reactord {

namespace {

bool is_of_handlers_own_words(Event event) {
  return event == Event::handler_debug || event == Event::handler_info ||
         event == Event::handler_warning;
}

std::string_view value_of(EventFields fields, std::string_view name) {
  for (const EventField& field : fields)
    if (field.name == name) return field.value;
  return {};
}

/// `text` cut to its bound, never inside a UTF-8 character (RFC 3629).
std::string_view shortened(std::string_view text) {
  if (text.size() <= RecentRecords::kMaxTextBytes) return text;
  std::size_t end = RecentRecords::kMaxTextBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

void RecentRecords::note(std::int64_t time_ms, Event event, std::string_view text,
                         EventFields fields) {
  Record& record = records_[noted_ % kMaxRecords];
  record.text.clear();
  if (is_of_handlers_own_words(event))
    fmt::format_to(std::back_inserter(record.text), "{}: a message of {} bytes",
                   log_text(value_of(fields, "handler")), value_of(fields, "message").size());
  else
    record.text = shortened(text);
  record.time_ms = time_ms;
  record.event = event;
  ++noted_;
}

}  // namespace reactord
