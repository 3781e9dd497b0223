// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/operator/desk_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <utility>

#include "protocol/escape.h"
#include "protocol/replies/reply.h"
#include "tools/reactor-cli/output/render.h"

namespace reactord::cli {
namespace {

using EventKind = DeskEvent::Kind;

constexpr std::string_view kBold = "1";
constexpr std::string_view kDim = "2";
constexpr std::string_view kYellow = "33";

// Of a message on a terminal: enough to know what it is about, few enough to see others, too.
constexpr std::size_t kMaxShownBytes = 1000;
constexpr std::size_t kMaxShownLines = 12;

std::string colored(std::string_view color, std::string_view text, DeskStyle style) {
  if (!style.color) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", color, text);
}

std::string whole_escaped(std::string_view text) {
  return escaped(text, std::numeric_limits<std::size_t>::max());
}

// --- JSON, of the same values that a server sends

Reply text_value(std::string_view text) {
  return {Reply::Kind::text, std::string(text), {}};
}

Reply number_value(std::uint64_t number) {
  const bool fits = number <= std::numeric_limits<std::int64_t>::max();
  return {fits ? Reply::Kind::integer : Reply::Kind::big_number, std::to_string(number), {}};
}

Reply map_value(std::initializer_list<std::pair<std::string_view, Reply>> fields) {
  Reply map{Reply::Kind::map, "", {}};
  for (const auto& [name, value] : fields) {
    map.elements.push_back(text_value(name));
    map.elements.push_back(value);
  }
  return map;
}

std::string json_line(const Reply& value, DeskStyle style) {
  std::string out;
  render_json(value, style.ascii_only, out);
  return out;
}

Reply message_value(const WaitingMessage& message) {
  return map_value(
      {{"event", text_value("message")},
       {"id", number_value(message.id)},
       {"peer", text_value(message.peer)},
       {"state", text_value(message.finished ? "finished" : "open")},
       {"waiting_ms", number_value(static_cast<std::uint64_t>(message.waited.count()))},
       {"bytes", number_value(message.bytes)},
       {"text", text_value(message.text)}});
}

Reply list_value(const DeskList& list) {
  Reply operators{Reply::Kind::array, "", {}};
  for (const AttachedOperator& one : list.operators) {
    operators.elements.push_back(map_value({{"name", text_value(one.name)},
                                            {"answered", number_value(one.answered)},
                                            {"dropped", number_value(one.dropped)}}));
  }
  Reply waiting{Reply::Kind::array, "", {}};
  for (const WaitingMessage& message : list.waiting) {
    Reply value = message_value(message);
    value.elements.erase(value.elements.begin(), value.elements.begin() + 2);  // "event"
    waiting.elements.push_back(std::move(value));
  }
  return map_value({{"event", text_value("list")},
                    {"mode", text_value(list.mode)},
                    {"operators", std::move(operators)},
                    {"waiting", std::move(waiting)}});
}

// --- events

/// An event's words: those of the server's push, and those for people.
struct Words {
  std::string_view name;
  enum class Rest : std::uint8_t { id, id_and_by, name, count, mode } rest;
};

Words words_of(EventKind kind) {
  switch (kind) {
    case EventKind::message:
      return {"message", Words::Rest::id};
    case EventKind::finished:
      return {"finished", Words::Rest::id};
    case EventKind::gone:
      return {"gone", Words::Rest::id};
    case EventKind::answered:
      return {"answered", Words::Rest::id_and_by};
    case EventKind::rejected:
      return {"rejected", Words::Rest::id_and_by};
    case EventKind::expired:
      return {"expired", Words::Rest::id};
    case EventKind::uncertain:
      return {"uncertain", Words::Rest::id_and_by};
    case EventKind::joined:
      return {"joined", Words::Rest::name};
    case EventKind::left:
      return {"left", Words::Rest::name};
    case EventKind::dropped:
      return {"dropped", Words::Rest::count};
    case EventKind::mode:
      return {"mode", Words::Rest::mode};
  }
  return {};
}

std::string plain_event(const DeskEvent& event) {
  const Words words = words_of(event.kind);
  switch (words.rest) {
    case Words::Rest::id:
      return fmt::format("{} {}\n", words.name, event.message.id);
    case Words::Rest::id_and_by:
      return fmt::format("{} {} {}\n", words.name, event.message.id, whole_escaped(event.name));
    case Words::Rest::name:
    case Words::Rest::mode:
      return fmt::format("{} {}\n", words.name, whole_escaped(event.name));
    case Words::Rest::count:
      return fmt::format("{} {}\n", words.name, event.count);
  }
  return "";
}

Reply event_value(const DeskEvent& event) {
  const Words words = words_of(event.kind);
  const std::pair<std::string_view, Reply> name = {"event", text_value(words.name)};
  const std::pair<std::string_view, Reply> id = {"id", number_value(event.message.id)};
  switch (words.rest) {
    case Words::Rest::id:
      return map_value({name, id});
    case Words::Rest::id_and_by:
      return map_value({name, id, {"by", text_value(event.name)}});
    case Words::Rest::name:
      return map_value({name, {"name", text_value(event.name)}});
    case Words::Rest::mode:
      return map_value({name, {"mode", text_value(event.name)}});
    case Words::Rest::count:
      return map_value({name, {"count", number_value(event.count)}});
  }
  return {};
}

std::string mode_sentence(const std::string& mode) {
  if (mode == "operator") return "mode operator: new messages wait for an operator";
  return fmt::format("mode {}: new messages are answered without an operator; what waits stays",
                     escaped(mode));
}

// For people, without colours.
std::string sentence(const DeskEvent& event, std::string_view own_name) {
  const MessageId id = event.message.id;
  const std::string who = event.name == own_name ? "you" : escaped(event.name);
  switch (event.kind) {
    case EventKind::message:
      return "";
    case EventKind::finished:
      return fmt::format("{}  its client has finished sending, and still waits", id);
    case EventKind::gone:
      return fmt::format("{}  its client has gone", id);
    case EventKind::answered:
      return fmt::format("{}  answered by {}", id, who);
    case EventKind::rejected:
      return fmt::format("{}  rejected by {}", id, who);
    case EventKind::expired:
      return fmt::format("{}  expired: its client got the fallback", id);
    case EventKind::uncertain:
      return fmt::format(
          "{}  answered by {}, but its client's connection was reset: whether the "
          "answer arrived is uncertain",
          id, who);
    case EventKind::joined:
      return fmt::format("{} joined", who);
    case EventKind::left:
      return fmt::format("{} left", who);
    case EventKind::dropped:
      return fmt::format(
          "{} events are missing: they came faster than they were read; looking "
          "again at what waits",
          event.count);
    case EventKind::mode:
      return mode_sentence(event.name);
  }
  return "";
}

// --- messages on a terminal

// The beginning, cut after whole lines where it has many, and never inside a character.
std::string_view beginning(std::string_view text) {
  std::size_t end = std::min(text.size(), kMaxShownBytes);
  if (end < text.size()) {
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  }
  std::size_t newline = 0;
  for (std::size_t lines = 0; lines < kMaxShownLines; ++lines) {
    newline = text.find('\n', newline);
    if (newline == std::string_view::npos || newline >= end) return text.substr(0, end);
    ++newline;
  }
  return text.substr(0, newline - 1);
}

// Further lines begin with a bar, so that no client can write what looks like another message.
std::string barred(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::string out;
  for (const char c : escape_lines(text)) {
    out += c;
    if (c == '\n') out += "    | ";
  }
  return out;
}

std::string terminal_message(const WaitingMessage& message, DeskStyle style, bool whole) {
  const std::string_view shown = whole ? std::string_view(message.text) : beginning(message.text);
  std::string out = fmt::format("{}  {}  {}  {}", colored(kBold, std::to_string(message.id), style),
                                escaped(message.peer), format_age(message.waited), barred(shown));
  if (shown.size() < message.bytes) {
    out +=
        colored(kDim, fmt::format(" ... ({} bytes; /show {})", message.bytes, message.id), style);
  }
  if (message.finished) out += colored(kDim, " (has finished sending, still waits)", style);
  return out + '\n';
}

std::string plain_message(const WaitingMessage& message) {
  return fmt::format("message {} {} {} {}\n", message.id, whole_escaped(message.peer),
                     message.finished ? "finished" : "open", whole_escaped(message.text));
}

std::string operator_names(const DeskList& list, std::string_view own_name) {
  std::string out;
  for (const AttachedOperator& one : list.operators) {
    if (!out.empty()) out += ", ";
    out += fmt::format("{} ({}{} answered", escaped(one.name), one.name == own_name ? "you, " : "",
                       one.answered);
    if (one.dropped > 0) out += fmt::format(", {} events missed", one.dropped);
    out += ')';
  }
  return out.empty() ? "none" : out;
}

std::string terminal_list(const DeskList& list, std::string_view own_name, DeskStyle style) {
  std::string out;
  const std::size_t shown = std::min(list.waiting.size(), kMaxListed);
  for (std::size_t i = 0; i < shown; ++i) out += terminal_message(list.waiting[i], style, false);
  out += more_text(list.waiting.size() - shown, style);
  if (list.waiting.empty()) out += "nobody waits\n";
  out += colored(kDim, "operators: " + operator_names(list, own_name), style) + '\n';
  if (list.mode != "operator") out += colored(kDim, mode_sentence(list.mode), style) + '\n';
  return out;
}

std::string plain_list(const DeskList& list) {
  std::string out;
  for (const WaitingMessage& message : list.waiting) {
    out += fmt::format("waiting {} {} {} {} {}\n", message.id, whole_escaped(message.peer),
                       message.finished ? "finished" : "open", message.waited.count(),
                       whole_escaped(message.text));
  }
  for (const AttachedOperator& one : list.operators) {
    out += fmt::format("operator {} {} {}\n", whole_escaped(one.name), one.answered, one.dropped);
  }
  return out;
}

}  // namespace

std::string message_text(const WaitingMessage& message, DeskStyle style, bool whole) {
  switch (style.form) {
    case DeskForm::terminal:
      return terminal_message(message, style, whole);
    case DeskForm::plain:
      return plain_message(message);
    case DeskForm::json:
      return json_line(message_value(message), style);
  }
  return "";
}

std::string more_text(std::size_t count, DeskStyle style) {
  if (count == 0) return "";
  return colored(kDim, fmt::format("... and {} more, each shown when its turn comes", count),
                 style) +
         '\n';
}

std::string event_text(const DeskEvent& event, std::string_view own_name, DeskStyle style) {
  if (event.kind == EventKind::message) return message_text(event.message, style);
  switch (style.form) {
    case DeskForm::terminal: {
      const bool alarming = event.kind == EventKind::uncertain;
      return colored(alarming ? kYellow : kDim, sentence(event, own_name), style) + '\n';
    }
    case DeskForm::plain:
      return plain_event(event);
    case DeskForm::json:
      return json_line(event_value(event), style);
  }
  return "";
}

std::string vanished_text(MessageId id, DeskStyle style) {
  switch (style.form) {
    case DeskForm::terminal:
      return colored(kDim, fmt::format("{}  no longer waits", id), style) + '\n';
    case DeskForm::plain:
      return fmt::format("vanished {}\n", id);
    case DeskForm::json:
      return json_line(map_value({{"event", text_value("vanished")}, {"id", number_value(id)}}),
                       style);
  }
  return "";
}

std::string list_text(const DeskList& list, std::string_view own_name, DeskStyle style) {
  switch (style.form) {
    case DeskForm::terminal:
      return terminal_list(list, own_name, style);
    case DeskForm::plain:
      return plain_list(list);
    case DeskForm::json:
      return json_line(list_value(list), style);
  }
  return "";
}

std::string error_json(MessageId id, std::string_view error, DeskStyle style) {
  const std::pair<std::string_view, Reply> name = {"event", text_value("error")};
  const std::pair<std::string_view, Reply> text = {"error", text_value(error)};
  if (id == 0) return json_line(map_value({name, text}), style);
  return json_line(map_value({name, {"id", number_value(id)}, text}), style);
}

std::string format_age(std::chrono::milliseconds age) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  const std::int64_t seconds = std::max<std::int64_t>(age.count(), 0) / 1000;
  if (seconds < kMinute) return fmt::format("{}s", seconds);
  if (seconds < kHour) return fmt::format("{}m{:02}s", seconds / kMinute, seconds % kMinute);
  if (seconds < kDay) {
    return fmt::format("{}h{:02}m", seconds / kHour, seconds % kHour / kMinute);
  }
  return fmt::format("{}d{:02}h", seconds / kDay, seconds % kDay / kHour);
}

}  // namespace reactord::cli
