// SPDX-License-Identifier: MIT
// Recognises other protocols by their first bytes, so that a browser, a TLS client or a mail server
// that connects by mistake is told so and closed at once. The table is in protocol_detector.cpp:
// one row a protocol. Knows no connection: who asks decides what to log and when to close.
#pragma once

#include <string_view>

namespace reactord {

struct ForeignProtocol {
  std::string_view name;  ///< for the log: "HTTP", "TLS"
  std::string_view
      farewell;  ///< sent before the close; empty where the other side could not read it
};

enum class ForeignStatus {
  no,         ///< our own protocol, or nothing known
  undecided,  ///< a prefix of a foreign opening: wait for more bytes (a deadline bounds the wait)
  yes,
};

struct ForeignMatch {
  ForeignStatus status = ForeignStatus::no;
  const ForeignProtocol* protocol = nullptr;  ///< static storage; set when status is yes
};

/// Judges the first bytes of a connection, from its first byte that is not an empty line on. The
/// answer never depends on how the bytes were cut: it is `undecided` until more bytes cannot change
/// it, and never after 8 KiB, or after a complete first line of text.
[[nodiscard]] ForeignMatch match_foreign_opening(std::string_view input);

/// Judges a later inline line: a `Host:` header is HTTP wherever it stands, because a browser can
/// be made to send a body that begins with lines of somebody's choice. Never `undecided`.
[[nodiscard]] ForeignMatch match_foreign_line(std::string_view line);

}  // namespace reactord
