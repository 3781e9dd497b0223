// SPDX-License-Identifier: MIT
// Reads replies out of a byte stream: RESP2 and RESP3, as the Redis protocol specification has
// them, streamed strings and aggregates included. Made for servers that may be hostile: every
// length, depth and count is bounded, and memory follows the bytes received, never those announced.
// Knows no socket and no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply.h"

namespace reactord {

/// Bounds of one reply. The defaults hold what a person or a script can use.
struct ReplyLimits {
  std::size_t max_bytes = 512u << 20;     ///< as sent; Redis' own limit of one bulk string
  std::size_t max_line_bytes = 4u << 20;  ///< simple strings, errors, numbers of many digits
  std::size_t max_elements = 2u << 20;    ///< values in all; each costs some 64 bytes of memory
  std::size_t max_depth = 64;             ///< aggregates inside aggregates
};

enum class ReplyStatus : std::uint8_t {
  need_more,  ///< all input was consumed: call again with what follows
  reply,      ///< take() it, then call again with the input that was not consumed
  error,      ///< the stream is lost: see error(), then close
};

class ReplyParser {
 public:
  explicit ReplyParser(const ReplyLimits& limits = {}) : limits_(limits) {}

  /// Reads on, to the end of one reply at most; sets `consumed` to the bytes used. The input need
  /// not be kept, and the answer does not depend on how it is cut. `error` is sticky.
  [[nodiscard]] ReplyStatus parse(std::string_view input, std::size_t& consumed);

  /// Nothing more comes, or too late: true where what there is of a reply is the beginning of none,
  /// which error() then tells.
  [[nodiscard]] bool is_lost_at_end();

  /// The reply that parse() has just completed. Attributes in front of it are dropped.
  [[nodiscard]] Reply take() { return std::move(reply_); }

  /// True when nothing of the next reply was received yet.
  [[nodiscard]] bool between_replies() const { return bytes_ == 0; }

  /// What is wrong with the stream, in words; its bytes are escaped. Valid after `error`.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  enum class State : std::uint8_t { line, body, body_end };

  /// An aggregate that is not complete yet.
  struct Level {
    Reply value;
    std::size_t missing = 0;  ///< elements to come; not used when streamed
    bool streamed = false;    ///< its length is unknown: "." ends it
    bool attribute = false;   ///< dropped when it is complete
  };

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
  void complete(Reply&& value);
  void complete_scalar(Reply::Kind kind, std::string_view text);
  void fail_unknown_type();
  void fail(std::string problem);

  ReplyLimits limits_;
  ReplyStatus status_ = ReplyStatus::need_more;
  State state_ = State::line;
  bool in_streamed_string_ = false;
  char body_type_ = '$';
  char body_end_seen_ = 0;    ///< the '\r' behind a body, once received
  std::size_t bytes_ = 0;     ///< received of this reply
  std::size_t elements_ = 0;  ///< received of this reply
  std::size_t body_missing_ = 0;
  std::string line_;  ///< the start of a line whose end has not come
  std::string body_;
  std::vector<Level> levels_;
  Reply reply_;
  std::string error_;
};

}  // namespace reactord
