// SPDX-License-Identifier: MIT
#include "protocol/escape.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace reactord {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Beyond ASCII, what would move a terminal's cursor, reorder or hide text, or break a line.
constexpr std::array kUnprintable = {
    Range{0x80, 0x9f},      // C1 controls
    Range{0x61c, 0x61c},    // Arabic letter mark
    Range{0x200e, 0x200f},  // left-to-right and right-to-left marks
    Range{0x2028, 0x202e},  // line and paragraph separators, bidirectional embeddings and overrides
    Range{0x2066, 0x2069},  // bidirectional isolates
    Range{0xfdd0, 0xfdef},  // non-characters
    Range{0xfeff, 0xfeff},  // byte order mark
    Range{0xfff9, 0xfffb},  // interlinear annotations
};

bool is_printable(char32_t code) {
  if ((code & 0xfffe) == 0xfffe) return false;  // the last two of each plane are non-characters
  return std::none_of(kUnprintable.begin(), kUnprintable.end(), [code](const Range& range) {
    return code >= range.first && code <= range.last;
  });
}

constexpr bool is_plain_ascii(char byte) {
  return byte >= 0x20 && byte < 0x7f;
}

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// The length that a sequence's first byte announces, and the bits of the code point in that byte.
struct Lead {
  std::size_t bytes = 0;  // 0: no such lead
  char32_t bits = 0;
  char32_t least = 0;  // a smaller code point is overlong
};

Lead lead_of(unsigned byte) {
  if (byte >= 0xc2 && byte <= 0xdf) return {2, byte & 0x1f, 0x80};
  if (byte >= 0xe0 && byte <= 0xef) return {3, byte & 0x0f, 0x800};
  if (byte >= 0xf0 && byte <= 0xf4) return {4, byte & 0x07, 0x10000};
  return {};
}

// The bytes of the printable character beyond ASCII at the start of `bytes`; 0 if there is none.
std::size_t printable_bytes(std::string_view bytes) {
  const Lead lead = lead_of(byte_at(bytes, 0));
  if (lead.bytes == 0 || lead.bytes > bytes.size()) return 0;
  char32_t code = lead.bits;
  for (std::size_t i = 1; i < lead.bytes; ++i) {
    if ((byte_at(bytes, i) & 0xc0) != 0x80) return 0;
    code = (code << 6) | (byte_at(bytes, i) & 0x3f);
  }
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  const bool valid = code >= lead.least && code <= 0x10ffff && !surrogate;
  return valid && is_printable(code) ? lead.bytes : 0;
}

void append_control(Buffer& out, char byte) {
  switch (byte) {
    case '\\':
      return out.append("\\\\");
    case '\n':
      return out.append("\\n");
    case '\r':
      return out.append("\\r");
    case '\t':
      return out.append("\\t");
    default:
      return append_hex_escape(out, byte);
  }
}

void append_blank_for_control(Buffer& out, char byte) {
  if (static_cast<unsigned char>(byte) < 0x80) return out.append(byte == '\\' ? '\\' : ' ');
  append_hex_escape(out, byte);
}

// Copies runs of what is printable; hands every other byte, and every backslash, to `special`.
template <typename Special>
void append_printable(Buffer& out, std::string_view bytes, Special special) {
  std::size_t run = 0;  // start of what is to be copied
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (is_plain_ascii(bytes[at]) && bytes[at] != '\\') {
      ++at;
    } else if (const std::size_t length = printable_bytes(bytes.substr(at)); length > 0) {
      at += length;
    } else {
      out.append(bytes.substr(run, at - run));
      special(out, bytes[at]);
      run = ++at;
    }
  }
  out.append(bytes.substr(run));
}

// Where to cut `bytes` so that at most `max_bytes` stay and no character is split.
std::size_t cut_position(std::string_view bytes, std::size_t max_bytes) {
  std::size_t cut = max_bytes;
  while (cut > 0 && max_bytes - cut < 3 && (byte_at(bytes, cut) & 0xc0) == 0x80) --cut;
  return cut;
}

}  // namespace

void append_hex_escape(Buffer& out, char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  const std::array escape{'\\', 'x', kDigits[value >> 4], kDigits[value & 0xf]};
  out.append(std::string_view(escape.data(), escape.size()));
}

void append_escaped(Buffer& out, std::string_view bytes) {
  append_printable(out, bytes, append_control);
}

void append_error_text(Buffer& out, std::string_view text) {
  append_printable(out, text, append_blank_for_control);
}

std::string escaped(std::string_view bytes, std::size_t max_bytes) {
  const bool cut = bytes.size() > max_bytes;
  Buffer out;
  append_escaped(out, cut ? bytes.substr(0, cut_position(bytes, max_bytes)) : bytes);
  if (cut) out.append("...");
  return std::string(out.view());
}

}  // namespace reactord
