// SPDX-License-Identifier: MIT
// Formats replies at the end of a Buffer, in the encoding of the request they answer. Owns no
// memory. Knows RESP2, RESP3, plain text for people and raw bytes; the rules are in
// protocol/README.md, those of RESP at
// https://redis.io/docs/latest/develop/reference/protocol-spec/. Knows no command.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/buffers/buffer.h"
#include "protocol/buffers/gather_list.h"

namespace reactord {

enum class ReplyEncoding : std::uint8_t {
  resp2,
  resp3,
  plain,  ///< lines for people: escaped, one line a scalar
  raw,    ///< the bytes themselves, with neither escapes nor line end
};

/// How RESP3 writes an integer that does not fit in 64 bits.
enum class BigInteger : std::uint8_t {
  string,  ///< as RESP2 does: a bulk string of its digits, which every client reads
  number,  ///< a big number, `(`: typed, but redis-cli and hiredis before 1.1 fail on it
};

/// Writes one reply, or several in a row. A reply is one scalar, or one aggregate header followed
/// by exactly its elements. None allocates but for the Buffer's growth, and none fails but with it;
/// a reply that does not add up is found by the dispatcher through replies() and balanced().
class ReplyWriter {
 public:
  /// The deepest nesting of aggregates: COMMAND DOCS needs 5. A deeper reply is never balanced().
  static constexpr std::size_t kMaxDepth = 8;

  /// With `borrowed`, long bulk strings that lie in what was lent to it are not copied into `out`.
  ReplyWriter(Buffer& out, ReplyEncoding encoding, GatherList* borrowed = nullptr)
      : out_(out), borrowed_(borrowed), encoding_(encoding) {}
  ReplyWriter(const ReplyWriter&) = delete;
  ReplyWriter& operator=(const ReplyWriter&) = delete;

  [[nodiscard]] ReplyEncoding encoding() const { return encoding_; }
  /// Between replies only: HELLO answers in the version that it has just switched to.
  void set_encoding(ReplyEncoding encoding) { encoding_ = encoding; }

  // --- scalars -----------------------------------------------------------------------------------
  void ok() { simple("OK"); }
  /// A short status without line breaks: `+PONG`. One with line breaks is sent as a bulk string.
  void simple(std::string_view status);
  /// An error: its code, by custom a word in upper case, a blank and the text: "ERR unknown
  /// command". Line breaks and other control characters in it are replaced by blanks, other bytes
  /// that are not printable by \xHH.
  void error(std::string_view code_and_text);
  void integer(std::int64_t value);
  /// An integer of any size, as decimal digits with an optional '-' and no leading zeros: an
  /// integer while it fits in 64 bits, beyond that a bulk string, or what `big` says in RESP3.
  void integer_digits(std::string_view decimal, BigInteger big = BigInteger::string);
  void bulk(std::string_view bytes);
  /// Lines for people (INFO, CLIENT LIST), separated by "\n" or "\r\n": a bulk string in RESP2, a
  /// verbatim string in RESP3, lines ended by one empty line in plain. In an aggregate, plain
  /// writes it like bulk().
  void text(std::string_view lines);
  void nil();
  void boolean(bool value);  ///< 1 or 0 in RESP2
  void real(double value);   ///< a bulk string in RESP2; the shortest digits that give it back

  /// A whole reply of another server, in RESP as this writer writes it.
  void encoded(std::string_view resp, bool is_error);

  // --- aggregates: the header, then that many elements -------------------------------------------
  void array(std::size_t elements);
  void set(std::size_t elements);  ///< an array in RESP2
  void map(std::size_t pairs);     ///< an array of 2 * pairs in RESP2: key, value, key, value
  /// Out-of-band data that answers no request, and is not counted in replies(): `>` in RESP3, an
  /// array in RESP2. In plain a push is one line, its elements separated by blanks.
  void push(std::size_t elements);
  /// A line that answers no request either, and is no push: one of MONITOR's. Without line breaks.
  void notice(std::string_view line);

  /// Whole replies written so far.
  [[nodiscard]] std::size_t replies() const { return replies_; }
  /// True between replies: no aggregate is missing elements and none was nested too deeply.
  [[nodiscard]] bool balanced() const { return depth_ == 0 && !too_deep_; }
  /// The innermost aggregate that misses elements, for who has to say what is wrong.
  struct Unfinished {
    std::string_view kind;      ///< "an array"
    std::size_t announced = 0;  ///< elements, of a map its keys and values; 0 if there is none
    std::size_t written = 0;
  };
  [[nodiscard]] Unfinished unfinished() const;
  [[nodiscard]] bool is_too_deep() const { return too_deep_; }
  /// True if one of them was an error.
  [[nodiscard]] bool wrote_error() const { return wrote_error_; }
  /// Exactly one reply was written, whole and no error: what nearly every request gets.
  [[nodiscard]] bool wrote_one_good() const { return replies_ == 1 && balanced() && !wrote_error_; }
  /// Forgets what was written: the caller has cut it off the Buffer.
  void restart() {
    depth_ = 0;
    replies_ = 0;
    too_deep_ = push_begun_ = wrote_error_ = false;
  }

 private:
  enum class Aggregate : std::uint8_t { array, set, map, push };

  // An aggregate that still misses elements.
  struct Level {
    std::size_t elements_left;  // a map's pair counts as two
    std::size_t elements;
    Aggregate kind;
    bool bulleted;  // plain: its first line, still to be written, begins with "- "
  };

  [[nodiscard]] bool resp() const { return encoding_ <= ReplyEncoding::resp3; }
  [[nodiscard]] bool in_push() const { return depth_ > 0 && levels_[0].kind == Aggregate::push; }
  [[nodiscard]] bool at_map_key() const;
  [[nodiscard]] bool at_map_value() const;

  void append_number(char type, std::int64_t value);
  void append_line(char type, std::string_view content);
  [[nodiscard]] bool is_short_reply(std::string_view scalar) const;
  [[gnu::noinline]] void any_simple(std::string_view status);
  [[gnu::noinline]] void any_bulk(std::string_view bytes);
  void append_bulk(std::string_view bytes);
  [[gnu::noinline]] bool append_borrowed(std::string_view bytes);
  void append_header(Aggregate kind, std::size_t elements);

  void append_word(std::string_view word);
  void append_data(std::string_view bytes);
  void append_plain_lines(std::string_view lines);
  void append_indentation();
  void begin_plain_element();
  [[nodiscard]] bool begin_plain_aggregate(std::size_t elements);

  void begin(Aggregate kind, std::size_t elements);
  void finish_element() {
    if (depth_ > 0) return finish_nested_element();
    if (encoding_ == ReplyEncoding::plain) out_.append('\n');
    ++replies_;
  }
  void finish_nested_element();
  void count_element();
  void finish_aggregate(Aggregate kind);

  Buffer& out_;
  GatherList* borrowed_;
  ReplyEncoding encoding_;
  bool too_deep_ = false;
  bool wrote_error_ = false;
  bool push_begun_ = false;  // plain: an element of the push stands on the line already
  std::uint8_t depth_ = 0;
  std::size_t replies_ = 0;
  // Only the first depth_ are initialised: a writer is made for every request.
  std::array<Level, kMaxDepth> levels_;
};

}  // namespace reactord
