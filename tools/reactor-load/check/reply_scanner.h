// SPDX-License-Identifier: MIT
// Finds where a RESP reply ends, and shows it without copying: what protocol/replies/reply_parser.h
// does for a client that keeps replies, for one that only checks them, a million a second. Resumes
// where it stopped, so that no byte is looked at twice. Knows no socket and no request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace reactord::load {

/// A whole reply, as views into the bytes that were scanned.
struct ReplyView {
  char type = 0;         ///< the first byte behind attributes: + - : $ _ # , ( ! = * ~ % >
  std::string_view raw;  ///< all of it, with its attributes
  /// Of a scalar: its value, without its type, length and line end. Of nil and aggregates: empty.
  std::string_view text;

  [[nodiscard]] bool is_error() const { return type == '-' || type == '!'; }
  /// Out of band: answers no request (RESP3).
  [[nodiscard]] bool is_push() const { return type == '>'; }
};

enum class ScanStatus : std::uint8_t {
  need_more,
  reply,
  /// Not a reply, or one that it does not know (streamed strings and aggregates), or more of one
  /// than a server may make it hold.
  broken,
};

class ReplyScanner {
 public:
  /// `bytes` begins with the same reply at each call until the whole of it was there: what came
  /// meanwhile is appended to it.
  [[nodiscard]] ScanStatus scan(std::string_view bytes, ReplyView& reply);

 private:
  [[nodiscard]] ScanStatus scan_value(std::string_view bytes, ReplyView& reply);
  [[nodiscard]] ScanStatus scan_body(std::string_view bytes, std::string_view length,
                                     std::size_t header_end, ReplyView& reply);
  [[nodiscard]] bool fits(std::size_t bytes) const;
  [[nodiscard]] ScanStatus scan_aggregate(char type, std::string_view count);

  std::size_t at_ = 0;         ///< scanned of this reply
  std::size_t line_seen_ = 0;  ///< bytes behind at_ that hold no line end
  std::uint64_t missing_ = 1;  ///< values to come, of all levels together
  std::size_t head_ = 0;       ///< where the reply itself begins, behind its attributes
  bool has_head_ = false;
};

}  // namespace reactord::load
