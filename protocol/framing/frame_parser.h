// SPDX-License-Identifier: MIT
// Cuts a byte stream into frames: RESP arrays, lines or raw chunks. The rules are in
// protocol/README.md. Owns only its position inside the frame that is incomplete; the bytes stay
// with the caller. Knows no socket, no clock and no command. Looks at no byte of a body and at each
// header three times at most: a frame that arrives byte by byte costs linear time. Nothing is
// allocated for what is announced but not received.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reactord {

/// How a listener's byte stream is cut into requests.
enum class Framing : std::uint8_t {
  command,  ///< RESP arrays and inline lines, told apart by their first byte
  line,     ///< each line is one argument for the listener's handler
  raw,      ///< each chunk is one argument for the listener's handler
};

/// None may exceed Buffer::kMaxBytes.
struct ParserLimits {
  std::size_t max_frame_bytes = 16u << 20;   ///< a whole array, headers included; one raw chunk
  std::size_t max_arguments = 1u << 20;      ///< of one array
  std::size_t max_inline_bytes = 64u << 10;  ///< of one line, its end left out
};

enum class FrameKind : std::uint8_t { array, line, chunk };

/// How an array begins: its count and its first argument, the command's name. Most arrays begin as
/// the one before did, byte for byte; then neither is read again, and what was found out about them
/// holds, by the number.
struct ArrayHead {
  /// Two words: longer ones are read each time.
  static constexpr std::size_t kMaxKnownBytes = 16;
  static constexpr std::size_t kUnknown = static_cast<std::size_t>(-1) >> 1;

  std::uint64_t number = 0;  ///< another for each head that is not that of the frame before
  std::size_t bytes = 0;
  std::size_t known_bytes = kUnknown;  ///< how many of them the words hold: all
  std::uint64_t first_word = 0;
  std::uint64_t last_word = 0;  ///< the last 8 bytes, of which some may be in first_word, too
  std::uint32_t count = 0;
  std::uint32_t name_bytes = 0;
};

/// One frame, as views into the input it was parsed from: valid as long as those bytes are. Reused
/// from frame to frame, so that an array allocates only when it is the widest so far.
struct Frame {
  /// An array of at most so many arguments that comes whole needs no allocation ever.
  static constexpr std::size_t kFewArguments = 9;

  Frame() = default;
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  FrameKind kind = FrameKind::array;
  ArrayHead head;
  std::size_t bytes = 0;  ///< how much of the input it took, line end included
  std::span<const std::string_view> arguments;  ///< array: its bulk strings, in `few` or in `many`
  std::string_view payload;                     ///< line: without its end; chunk: all of it
  std::array<std::string_view, kFewArguments> few;
  std::vector<std::string_view> many;
};

/// What the input amounts to; each name says the caller's next step.
enum class [[nodiscard]] ParseStatus : std::uint8_t{
    need_more,  ///< keep the input and call again with more bytes behind the same ones
    frame,      ///< serve `frame`, consume frame.bytes, call again
    nothing,    ///< an empty line, `*0` or a negative count: consume frame.bytes, call again
    error,      ///< the stream is lost: answer with error(), then close
};

class FrameParser {
 public:
  explicit FrameParser(Framing framing) : framing_(framing) {}

  /// Parses one frame from the start of `input`. After need_more the same bytes must come again at
  /// the start of the next input (they may have moved). After `frame` and `nothing` the parser is
  /// at the start of the next frame. `error` is sticky.
  ParseStatus parse(std::string_view input, const ParserLimits& limits, Frame& frame) {
    if (take_array(input, limits, frame)) [[likely]]
      return ParseStatus::frame;
    return parse_any(input, limits, frame);
  }

  /// The same for the last bytes before end of input: an unterminated line is a line; the start
  /// of an array is an error. `input` must not be empty. Never returns need_more.
  ParseStatus parse_last(std::string_view input, const ParserLimits& limits, Frame& frame);

  /// After need_more: at least this many bytes are still missing from the frame (1 or more), as far
  /// as its announced lengths tell. A hint for how much to receive, never an amount to allocate.
  [[nodiscard]] std::size_t bytes_missing(std::size_t input_bytes) const;

  /// The text of the protocol error, Redis' own where Redis has one, with its code:
  /// "ERR Protocol error: invalid bulk length". Valid after `error`.
  [[nodiscard]] std::string error() const;

 private:
  enum class Error : std::uint8_t {
    none,
    invalid_count,
    too_many_arguments,
    count_too_long,
    expected_bulk,
    invalid_length,
    length_too_long,
    frame_too_big,
    bulk_without_end,
    line_too_long,
    array_cut_off,
  };

  /// A frame has begun and is not whole, or the stream is lost.
  [[nodiscard]] bool is_under_way() const { return position_ != 0 || error_ != Error::none; }
  [[nodiscard]] bool take_array(std::string_view input, const ParserLimits& limits, Frame& frame);
  [[gnu::noinline]] ParseStatus parse_any(std::string_view input, const ParserLimits& limits,
                                          Frame& frame);
  ParseStatus parse_array(std::string_view input, const ParserLimits& limits, Frame& frame);
  ParseStatus parse_count(std::string_view input, const ParserLimits& limits, Frame& frame);
  ParseStatus parse_length(std::string_view input, const ParserLimits& limits);
  ParseStatus parse_body(std::string_view input);
  ParseStatus parse_line(std::string_view input, const ParserLimits& limits, Frame& frame);
  ParseStatus take_line(std::string_view line, std::size_t bytes, Frame& frame);
  void collect_arguments(std::string_view input, Frame& frame) const;
  ParseStatus fail(Error error, std::size_t detail = 0);

  Framing framing_;
  Error error_ = Error::none;
  bool in_bulk_ = false;  // the bulk's length is known, its body incomplete
  // Offsets from the start of the frame. Array: everything before it is validated; 0 until the
  // count is known. Line: everything before it holds no line end.
  std::uint32_t position_ = 0;
  std::uint32_t bulks_left_ = 0;    // of the array, the current one included
  std::uint32_t bulk_bytes_ = 0;    // announced length of the current bulk, while in_bulk_
  std::uint32_t error_detail_ = 0;  // the limit that was exceeded, or the byte that was found
};

// One per connection, 10,000 connections.
static_assert(sizeof(FrameParser) <= 32);

}  // namespace reactord
