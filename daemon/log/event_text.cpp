// SPDX-License-Identifier: MIT
#include "daemon/log/event_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "protocol/escape.h"

namespace reactord {

namespace {

/// A field longer than this is cut: messages come from clients.
constexpr std::size_t kMaxFieldBytes = 256;

/// What the events have in common with which a connection ends.
constexpr std::string_view kClosePrefix = "closed_";

struct Range {
  char32_t first;
  char32_t last;
};

/// What shows nothing, or nothing of its own (Unicode 15: the categories Cf, Zl, Zp and Co, the
/// property Default_Ignorable_Code_Point, letters that are blanks, and planes without characters).
/// In order. What escaped() never lets pass is left out.
constexpr std::array kInvisible{
    Range{0xad, 0xad},        // soft hyphen
    Range{0x34f, 0x34f},      // combining grapheme joiner
    Range{0x600, 0x605},      // Arabic number signs
    Range{0x6dd, 0x6dd},      // Arabic end of ayah
    Range{0x70f, 0x70f},      // Syriac abbreviation mark
    Range{0x890, 0x891},      // Arabic currency marks above
    Range{0x8e2, 0x8e2},      // Arabic disputed end of ayah
    Range{0x115f, 0x1160},    // Hangul fillers
    Range{0x17b4, 0x17b5},    // Khmer inherent vowels
    Range{0x180b, 0x180f},    // Mongolian variation selectors
    Range{0x200b, 0x200f},    // zero width space, joiners, directional marks
    Range{0x2028, 0x202e},    // separators, directional embeddings
    Range{0x2060, 0x206f},    // word joiner, invisible operators, isolates
    Range{0x2800, 0x2800},    // Braille blank
    Range{0x3164, 0x3164},    // Hangul filler
    Range{0xe000, 0xf8ff},    // private use
    Range{0xfe00, 0xfe0f},    // variation selectors
    Range{0xfeff, 0xfeff},    // byte order mark
    Range{0xffa0, 0xffa0},    // halfwidth Hangul filler
    Range{0xfff0, 0xfffb},    // specials
    Range{0x110bd, 0x110bd},  // Kaithi number signs
    Range{0x110cd, 0x110cd},  Range{0x13430, 0x1343f},  // Egyptian hieroglyph format controls
    Range{0x1bca0, 0x1bca3},                            // shorthand format controls
    Range{0x1d173, 0x1d17a},                            // musical symbols' beams and slurs
    Range{0x40000, 0x10ffff},  // planes without characters, tags, variation selectors, private use
};

bool is_invisible(char32_t code) {
  const auto* const range =
      std::lower_bound(kInvisible.begin(), kInvisible.end(), code,
                       [](const Range& each, char32_t wanted) { return each.last < wanted; });
  return range != kInvisible.end() && code >= range->first;
}

/// The first character of valid UTF-8, and how many bytes it has.
char32_t first_character(std::string_view text, std::size_t& bytes) {
  const auto lead = static_cast<unsigned char>(text.front());
  bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t code = bytes == 1 ? lead : lead & (0x7fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i)
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  return code;
}

/// A peer without its port, under which all connections of one machine are found.
std::string_view host_of(std::string_view peer) {
  if (peer.starts_with("unix:")) return "unix";
  const std::string_view host = peer.substr(0, peer.rfind(':'));
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

/// The message, once: what takes a placeholder's place is not looked at again.
class Template {
 public:
  explicit Template(EventFields fields) : fields_(fields) {}

  std::string fill_in(std::string_view message) {
    std::string text;
    while (true) {
      const std::size_t begin = message.find('{');
      const std::size_t end = message.find('}', begin);
      if (end == std::string_view::npos) return text.append(message);
      text.append(message.substr(0, begin));
      if (!append_field(text, message.substr(begin + 1, end - begin - 1)))
        text.append(message.substr(begin, end + 1 - begin));
      message.remove_prefix(end + 1);
    }
  }

  /// The fields that the message did not mention.
  void append_rest(std::string& text) const {
    for (std::size_t i = 0; i < fields_.size(); ++i)
      if (const EventField& field = at(i); is_shown(field) && (used_ >> i & 1) == 0)
        text += fmt::format(" {}={}", field.name, log_text(field.value));
  }

 private:
  [[nodiscard]] const EventField& at(std::size_t index) const { return *(fields_.begin() + index); }
  [[nodiscard]] static bool is_shown(const EventField& field) {
    return !field.name.empty() && !field.is_for_search;
  }

  bool append_field(std::string& text, std::string_view name) {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (!is_shown(at(i)) || at(i).name != name) continue;
      used_ |= std::uint64_t{1} << i;
      text += log_text(at(i).value);
      return true;
    }
    return false;
  }

  EventFields fields_;
  std::uint64_t used_ = 0;
};

}  // namespace

std::string log_text(std::string_view value) {
  const std::string printable = escaped(value, kMaxFieldBytes);
  std::string text;
  for (std::string_view rest = printable; !rest.empty();) {
    std::size_t bytes = 0;
    const bool must_hide = is_invisible(first_character(rest, bytes));
    for (const char byte : rest.substr(0, bytes)) {
      if (must_hide)
        text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
      else
        text += byte;
    }
    rest.remove_prefix(bytes);
  }
  return text;
}

std::string event_text(Event event, EventFields fields) {
  Template message(fields);
  std::string text = message.fill_in(spec_of(event).message);
  message.append_rest(text);
  return text;
}

std::string event_fields(Event event, EventFields fields) {
  const EventSpec& spec = spec_of(event);
  const MessageId id = message_id_of(spec.name);
  std::string lines =
      fmt::format("MESSAGE_ID={:016x}{:016x}\nREACTORD_EVENT={}\n", id.high, id.low, spec.name);
  if (spec.name.starts_with(kClosePrefix))
    lines += fmt::format("REACTORD_CLOSE_REASON={}\n", spec.name.substr(kClosePrefix.size()));
  for (const EventField& field : fields) {
    if (field.name.empty() || field.value.empty()) continue;
    lines += "REACTORD_";
    for (const char c : field.name) lines += static_cast<char>(c - ('a' <= c && c <= 'z' ? 32 : 0));
    lines += fmt::format("={}\n", log_text(field.value));
    if (field.name == "peer")
      lines += fmt::format("REACTORD_HOST={}\n", log_text(host_of(field.value)));
  }
  return lines;
}

}  // namespace reactord
