// SPDX-License-Identifier: MIT
// How an event reads: its text, and its fields for the journal. What was put into a field never
// acts as a part of the template, of another field or of the terminal.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "daemon/log/events.h"

namespace reactord {

struct EventField {
  std::string_view name;
  std::string value;
  /// Left out of the text: for the journal, where people search by fields.
  bool is_for_search = false;
};
using EventFields = std::initializer_list<EventField>;

/// The record's text: the event's message with its fields in place, escaped, and the others behind
/// it.
[[nodiscard]] std::string event_text(Event event, EventFields fields);

/// The record's fields for the journal, each a line NAME=value: MESSAGE_ID, REACTORD_EVENT, and
/// REACTORD_PEER and its like, in capitals, for those above.
[[nodiscard]] std::string event_fields(Event event, EventFields fields);

/// `value` as a log shows it: printable UTF-8 on one line, of at most 256 bytes of input. Beyond
/// escaped() (protocol/escape.h), which lets pass what a chat needs, whatever cannot be seen is
/// escaped too: who reads a log must not take two texts for one.
[[nodiscard]] std::string log_text(std::string_view value);

}  // namespace reactord
