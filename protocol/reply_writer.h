// SPDX-License-Identifier: MIT
// Formats replies at the end of a Buffer, in the encoding of the request they answer. Owns no
// memory. Knows RESP2, RESP3, plain text for people and raw bytes; the rules are in
// protocol/README.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/buffer.h"

namespace reactord {

enum class ReplyEncoding : std::uint8_t {
  resp2,
  resp3,
  plain,  ///< lines for people: escaped, one line a scalar
  raw,    ///< the bytes themselves, with neither escapes nor line end
};

/// Writes one reply, or several in a row. A reply is one scalar, or one aggregate header followed
/// by exactly its elements. No call fails and none allocates but for the Buffer's growth; a reply
/// that does not add up is found by the dispatcher through replies() and balanced().
class ReplyWriter {
 public:
  /// The deepest nesting of aggregates: COMMAND DOCS needs 5. A deeper reply is never balanced().
  static constexpr std::size_t kMaxDepth = 8;

  ReplyWriter(Buffer& out, ReplyEncoding encoding) : out_(out), encoding_(encoding) {}
  ReplyWriter(const ReplyWriter&) = delete;
  ReplyWriter& operator=(const ReplyWriter&) = delete;

  [[nodiscard]] ReplyEncoding encoding() const { return encoding_; }
  /// Between replies only: HELLO answers in the version that it has just switched to.
  void set_encoding(ReplyEncoding encoding) { encoding_ = encoding; }

  // --- scalars
  // -------------------------------------------------------------------------------------
  void ok() { simple("OK"); }
  /// A short status without line breaks: `+PONG`.
  void simple(std::string_view status);
  /// An error: its upper-case code, a blank and the text: "ERR unknown command". Line breaks and
  /// other control characters in it are replaced by blanks.
  void error(std::string_view code_and_text);
  void integer(std::int64_t value);
  /// An integer of any size, as decimal digits with an optional '-': an integer while it fits in 64
  /// bits, beyond that a bulk string in RESP2 and a big number in RESP3.
  void integer_digits(std::string_view decimal);
  void bulk(std::string_view bytes);
  /// Lines for people (INFO, CLIENT LIST), separated by "\n" or "\r\n": a bulk string in RESP2, a
  /// verbatim string in RESP3, lines ended by one empty line in plain.
  void text(std::string_view lines);
  void nil();
  void boolean(bool value);  ///< 1 or 0 in RESP2
  void real(double value);   ///< a bulk string in RESP2

  // --- aggregates: the header, then that many elements
  // -----------------------------------------------
  void array(std::size_t elements);
  void set(std::size_t elements);  ///< an array in RESP2
  void map(std::size_t pairs);     ///< an array of 2 * pairs in RESP2
  /// Out-of-band data that answers no request: `>` in RESP3, an array in RESP2. In plain a flat
  /// push is one line, its elements separated by blanks.
  void push(std::size_t elements);

  /// Whole replies written so far.
  [[nodiscard]] std::size_t replies() const { return replies_; }
  /// True between replies: no aggregate is missing elements and none was nested too deeply.
  [[nodiscard]] bool balanced() const { return depth_ == 0 && !too_deep_; }

 private:
  Buffer& out_;
  ReplyEncoding encoding_;
  bool too_deep_ = false;
  std::uint8_t depth_ = 0;
  std::size_t replies_ = 0;
};

}  // namespace reactord
