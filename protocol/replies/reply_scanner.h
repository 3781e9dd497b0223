// SPDX-License-Identifier: MIT
// Finds where a reply ends in a byte stream: RESP2 and RESP3, as the Redis protocol specification
// has them, streamed strings and aggregates included. It is the one that knows how replies are
// built; what they hold it shows to a sink, if there is one, and keeps none of it. Made for servers
// that may be hostile: every length, depth and count is bounded. Knows no socket and no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/replies/reply_limits.h"

namespace reactord {

enum class ReplyStatus : std::uint8_t {
  need_more,  ///< all input was consumed: call again with what follows
  reply,      ///< one has ended; call again with the input that was not consumed
  error,      ///< the stream is lost: see error(), then close
};

/// Is shown what a reply consists of, in the order in which it comes. Types are RESP's first bytes.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  /// A value that is one line, without its type and line end. Nil of any kind is '_'.
  virtual void on_scalar(char type, std::string_view text) = 0;
  /// A string's bytes, piece by piece, and that it is whole. A verbatim string (=) begins with its
  /// format of three letters and a colon.
  virtual void on_string_bytes(std::string_view piece) = 0;
  virtual void on_string_end(char type) = 0;
  /// An aggregate's elements come between these two. An attribute (|) belongs to no value.
  virtual void on_open(char type) = 0;
  virtual void on_close() = 0;
};

class ReplyScanner {
 public:
  explicit ReplyScanner(const ReplyLimits& limits = {}) : limits_(limits) {}

  /// Reads on, to the end of one reply at most; sets `consumed` to the bytes used. The input need
  /// not be kept, and the answer does not depend on how it is cut. `error` is sticky. Whole small
  /// replies without a sink are passed over at once; nothing of it allocates, but for lines that
  /// are cut and for depth, whose memory is kept for the next.
  [[nodiscard]] ReplyStatus scan(std::string_view input, std::size_t& consumed,
                                 ReplySink* sink = nullptr);

  /// Of the reply that has just ended: the first byte of its value, behind any attributes.
  [[nodiscard]] char type() const { return type_; }
  [[nodiscard]] bool is_error() const { return type_ == '-' || type_ == '!'; }
  /// Out of band: it answers no request (RESP3).
  [[nodiscard]] bool is_push() const { return type_ == '>'; }

  /// Nothing more comes, or too late: true where what there is of a reply is the beginning of none,
  /// which error() then tells.
  [[nodiscard]] bool is_lost_at_end();

  /// True when nothing of the next reply was received yet.
  [[nodiscard]] bool between_replies() const { return bytes_ == 0; }

  /// What is wrong with the stream, in words; its bytes are escaped. Valid after `error`.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  enum class State : std::uint8_t { line, body, body_end };

  /// An aggregate that is not complete yet.
  struct Level {
    std::size_t missing = 0;  ///< elements to come; of a streamed one, how many came
    bool streamed = false;    ///< its length is unknown: "." ends it
    bool pairs = false;
    bool attribute = false;
  };

  [[nodiscard]] std::size_t small_reply(std::string_view input);

  std::size_t read_line(std::string_view input);
  void read_unknown_type(std::string_view input);
  std::size_t read_body(std::string_view input);
  std::size_t read_body_end(std::string_view input);

  void on_line(std::string_view line);
  void on_scalar(char type, std::string_view text);
  void on_body_header(char type, std::string_view length);
  void on_chunk_header(std::string_view line);
  void on_aggregate(char type, std::string_view count);
  void on_stream_end();
  void begin_body(std::size_t length);
  void end_body();
  void open_level(char type, std::size_t elements, bool streamed);
  void begin_value(char type);
  void complete_scalar(char type, std::string_view text);
  void complete();
  void fail_unknown_type();
  void fail(std::string problem);

  ReplyLimits limits_;
  ReplySink* sink_ = nullptr;  ///< of the call under way
  ReplyStatus status_ = ReplyStatus::need_more;
  State state_ = State::line;
  char type_ = 0;
  bool in_streamed_string_ = false;
  char body_type_ = '$';
  char body_end_seen_ = 0;     ///< the '\r' behind a body, once received
  char format_end_ = 0;        ///< the fourth byte of a body
  std::size_t body_seen_ = 0;  ///< bytes received of it
  std::size_t bytes_ = 0;      ///< received of this reply
  std::size_t elements_ = 0;   ///< received of this reply
  std::size_t body_missing_ = 0;
  std::string line_;  ///< the start of a line whose end has not come
  std::vector<Level> levels_;
  std::string error_;
};

}  // namespace reactord
