// SPDX-License-Identifier: MIT
// An array's way through the parser:
//
//   position_ 0 --count--> [ length -> body -> CRLF ] x bulks_left_ --> frame
//
// take_array() takes what nearly everybody sends, few arguments that have come whole, and keeps no
// state. What it leaves over is validated piece by piece, keeping counters only. The arguments of a
// frame that came in several inputs are then collected in another pass over its headers, which
// cannot fail: three visits to a header at most, however the frame is cut.
#include "protocol/framing/frame_parser.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "protocol/buffers/buffer.h"
#include "protocol/escape.h"

namespace reactord {
namespace {

// The longest header line, `*` or `$` and CRLF included. An int64 takes 23 bytes at most.
constexpr std::size_t kMaxHeaderBytes = 32;
// The shortest bulk: "$0\r\n\r\n".
constexpr std::size_t kMinBulkBytes = 6;
// What follows every header and every body.
constexpr std::size_t kCrlfBytes = 2;
// "*1\r\n"
constexpr std::size_t kMinHeaderBytes = 4;
// So many digits cannot overflow 32 bits.
constexpr std::ptrdiff_t kMaxFastDigits = 9;

enum class HeaderStatus { complete, incomplete, invalid, too_long };

// A line `*<number>\r\n` or `$<number>\r\n`.
struct Header {
  HeaderStatus status = HeaderStatus::invalid;
  std::int64_t value = 0;
  std::size_t end = 0;  // position behind its CRLF
};

// Strict: an optional '-', then digits without a leading zero, and nothing else.
bool parse_number(std::string_view text, std::int64_t& value) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || (digits.front() == '0' && text.size() > 1)) return false;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc() && end == text.data() + text.size();
}

// Judges the whole line, never a part of it, so that the answer does not depend on how the bytes
// were cut. Each call looks at kMaxHeaderBytes at most.
Header judge_header(std::string_view input, std::size_t start) {
  const std::string_view window = input.substr(start, kMaxHeaderBytes);
  const std::size_t line_feed = window.find('\n');
  if (line_feed == window.npos) {
    const bool full = window.size() == kMaxHeaderBytes;
    return {full ? HeaderStatus::too_long : HeaderStatus::incomplete};
  }
  std::string_view number = window.substr(1, line_feed - 1);
  Header header{HeaderStatus::invalid, 0, start + line_feed + 1};
  if (!number.ends_with('\r')) return header;
  number.remove_suffix(1);
  if (parse_number(number, header.value)) header.status = HeaderStatus::complete;
  return header;
}

inline bool is_crlf(const char* at) {
  return std::memcmp(at, "\r\n", kCrlfBytes) == 0;
}

inline std::uint32_t digit_at(const char* at) {
  return static_cast<std::uint32_t>(*at - '0');
}

// Reads the header of that type at `at`, kMinHeaderBytes at least, for take_array(): moves `at`
// behind it. False leaves its judgement to others.
inline bool read_header(const char*& at, const char* end, char type, std::uint32_t& value) {
  value = digit_at(at + 1);
  if (*at != type || value > 9) return false;
  const char* digits_end = at + 2;
  if (!is_crlf(digits_end)) [[unlikely]] {  // nearly all counts and most lengths have one digit
    if (value == 0) return false;
    const char* const last = at + 1 + std::min(kMaxFastDigits, end - at - 1);
    while (digits_end < last && digit_at(digits_end) <= 9)
      value = value * 10 + digit_at(digits_end++);
    if (end - digits_end < std::ptrdiff_t{kCrlfBytes} || !is_crlf(digits_end)) return false;
  }
  at = digits_end + kCrlfBytes;
  return true;
}

// The same for a bulk string, which must be there whole.
inline bool read_bulk(const char*& at, const char* end, std::string_view& bytes) {
  std::uint32_t length = 0;
  if (end - at < std::ptrdiff_t{kMinHeaderBytes} || !read_header(at, end, '$', length))
    return false;
  bytes = {at, length};
  if (end - at < static_cast<std::ptrdiff_t>(length + kCrlfBytes) || !is_crlf(at + length))
    return false;
  at += length + kCrlfBytes;
  return true;
}

inline std::uint64_t word_at(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Whether the array at `at` begins as the one that `head` was read from.
inline bool is_known(const ArrayHead& head, const char* at, const char* end) {
  return end - at >= static_cast<std::ptrdiff_t>(head.known_bytes) &&
         word_at(at) == head.first_word &&
         word_at(at + head.known_bytes - sizeof(std::uint64_t)) == head.last_word;
}

void forget(ArrayHead& head) {
  head = {.number = head.number + 1};
}

// Makes the frame ready for an array with the head that stands at `start`. Out of line: of a batch,
// one in many.
[[gnu::noinline]] bool read_head(const char* start, const char* end, Frame& frame) {
  const char* at = start;
  std::uint32_t count = 0;
  std::string_view name;
  if (end - at < std::ptrdiff_t{kMinHeaderBytes} || !read_header(at, end, '*', count)) return false;
  if (count - 1 >= Frame::kFewArguments || !read_bulk(at, end, name)) return false;
  frame.kind = FrameKind::array;
  frame.arguments = std::span(frame.few.data(), count);
  ArrayHead& head = frame.head;
  forget(head);
  head.bytes = static_cast<std::size_t>(at - start);
  head.count = count;
  head.name_bytes = static_cast<std::uint32_t>(name.size());
  if (head.bytes > ArrayHead::kMaxKnownBytes) return true;
  head.known_bytes = head.bytes;
  head.first_word = word_at(start);
  head.last_word = word_at(at - sizeof(std::uint64_t));
  return true;
}

std::string_view without_carriage_return(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

// The fast path: 70 instructions for `ECHO 4.40` behind another ECHO, of which parse_any() takes
// 600.
bool FrameParser::take_array(std::string_view input, const ParserLimits& limits, Frame& frame) {
  if (framing_ != Framing::command || is_under_way()) return false;
  const char* at = input.data();
  const char* const end = at + input.size();
  const ArrayHead& head = frame.head;
  if (!is_known(head, at, end) && !read_head(at, end, frame)) return false;
  if (head.count > limits.max_arguments) return false;
  at += head.bytes;
  frame.few.front() = {at - kCrlfBytes - head.name_bytes, head.name_bytes};
  for (std::string_view& argument : std::span(frame.few.data(), head.count).subspan(1))
    if (!read_bulk(at, end, argument)) return false;
  frame.bytes = static_cast<std::size_t>(at - input.data());
  return frame.bytes <= limits.max_frame_bytes;
}

ParseStatus FrameParser::parse_any(std::string_view input, const ParserLimits& limits,
                                   Frame& frame) {
  forget(frame.head);
  if (error_ != Error::none) return ParseStatus::error;
  if (input.empty()) return ParseStatus::need_more;
  switch (framing_) {
    case Framing::command:
      if (input.front() == '*') return parse_array(input, limits, frame);
      return parse_line(input, limits, frame);
    case Framing::line:
      return parse_line(input, limits, frame);
    case Framing::raw:
      break;
  }
  frame.kind = FrameKind::chunk;
  frame.payload = input.substr(0, limits.max_frame_bytes);
  frame.bytes = frame.payload.size();
  return ParseStatus::frame;
}

ParseStatus FrameParser::parse_last(std::string_view input, const ParserLimits& limits,
                                    Frame& frame) {
  const ParseStatus status = parse_any(input, limits, frame);
  if (status != ParseStatus::need_more) return status;
  if (framing_ == Framing::command && input.front() == '*') return fail(Error::array_cut_off);
  // A lone CR in the end is the first half of a line end that was cut.
  return take_line(without_carriage_return(input), input.size(), frame);
}

ParseStatus FrameParser::parse_array(std::string_view input, const ParserLimits& limits,
                                     Frame& frame) {
  const bool has_come_whole = position_ == 0;
  frame.many.clear();
  if (position_ == 0) {
    const ParseStatus status = parse_count(input, limits, frame);
    if (status != ParseStatus::frame) return status;
  }
  for (; bulks_left_ > 0; --bulks_left_) {
    if (!in_bulk_) {
      const ParseStatus status = parse_length(input, limits);
      if (status != ParseStatus::frame) return status;
    }
    const std::size_t body = position_;
    const ParseStatus status = parse_body(input);
    if (status != ParseStatus::frame) return status;
    if (has_come_whole) frame.many.push_back(input.substr(body, bulk_bytes_));
  }
  if (!has_come_whole) collect_arguments(input, frame);
  frame.kind = FrameKind::array;
  frame.arguments = frame.many;
  frame.bytes = std::exchange(position_, 0);
  return ParseStatus::frame;
}

// The parts below return `frame` when they are complete.

ParseStatus FrameParser::parse_count(std::string_view input, const ParserLimits& limits,
                                     Frame& frame) {
  const Header header = judge_header(input, 0);
  switch (header.status) {
    case HeaderStatus::complete:
      break;
    case HeaderStatus::incomplete:
      return ParseStatus::need_more;
    case HeaderStatus::invalid:
      return fail(Error::invalid_count);
    case HeaderStatus::too_long:
      return fail(Error::count_too_long);
  }
  if (header.value <= 0) {
    frame.bytes = header.end;
    return ParseStatus::nothing;
  }
  const auto count = static_cast<std::uint64_t>(header.value);
  if (count > Buffer::kMaxBytes) return fail(Error::invalid_count);
  if (count > limits.max_arguments) return fail(Error::too_many_arguments, limits.max_arguments);
  position_ = static_cast<std::uint32_t>(header.end);
  bulks_left_ = static_cast<std::uint32_t>(count);
  return ParseStatus::frame;
}

ParseStatus FrameParser::parse_length(std::string_view input, const ParserLimits& limits) {
  if (position_ == input.size()) return ParseStatus::need_more;
  const char type = input[position_];
  if (type != '$') return fail(Error::expected_bulk, static_cast<unsigned char>(type));
  const Header header = judge_header(input, position_);
  switch (header.status) {
    case HeaderStatus::complete:
      break;
    case HeaderStatus::incomplete:
      return ParseStatus::need_more;
    case HeaderStatus::invalid:
      return fail(Error::invalid_length);
    case HeaderStatus::too_long:
      return fail(Error::length_too_long);
  }
  if (header.value < 0) return fail(Error::invalid_length);
  const auto length = static_cast<std::uint64_t>(header.value);
  if (length > Buffer::kMaxBytes) return fail(Error::invalid_length);
  if (header.end + length + kCrlfBytes > limits.max_frame_bytes) {
    return fail(Error::frame_too_big, limits.max_frame_bytes);
  }
  position_ = static_cast<std::uint32_t>(header.end);
  bulk_bytes_ = static_cast<std::uint32_t>(length);
  in_bulk_ = true;
  return ParseStatus::frame;
}

ParseStatus FrameParser::parse_body(std::string_view input) {
  const std::size_t end = std::size_t{position_} + bulk_bytes_;
  if (input.size() < end + kCrlfBytes) {
    if (input.size() > end && input[end] != '\r') return fail(Error::bulk_without_end);
    return ParseStatus::need_more;
  }
  if (input[end] != '\r' || input[end + 1] != '\n') return fail(Error::bulk_without_end);
  position_ = static_cast<std::uint32_t>(end + kCrlfBytes);
  in_bulk_ = false;
  return ParseStatus::frame;
}

void FrameParser::collect_arguments(std::string_view input, Frame& frame) const {
  for (std::size_t at = judge_header(input, 0).end; at < position_;) {
    const Header header = judge_header(input, at);
    const auto length = static_cast<std::size_t>(header.value);
    frame.many.push_back(input.substr(header.end, length));
    at = header.end + length + kCrlfBytes;
  }
}

ParseStatus FrameParser::parse_line(std::string_view input, const ParserLimits& limits,
                                    Frame& frame) {
  const std::size_t max_bytes = limits.max_inline_bytes;
  // No line that is longer can have its end in the window, and none that is not can have it
  // outside.
  const std::string_view window = input.substr(0, max_bytes + kCrlfBytes);
  const std::size_t line_feed = window.find('\n', position_);
  if (line_feed == window.npos) {
    if (without_carriage_return(window).size() > max_bytes) return fail(Error::line_too_long);
    position_ = static_cast<std::uint32_t>(window.size());
    return ParseStatus::need_more;
  }
  const std::string_view line = without_carriage_return(window.substr(0, line_feed));
  if (line.size() > max_bytes) return fail(Error::line_too_long);
  return take_line(line, line_feed + 1, frame);
}

ParseStatus FrameParser::take_line(std::string_view line, std::size_t bytes, Frame& frame) {
  position_ = 0;
  frame.kind = FrameKind::line;
  frame.bytes = bytes;
  frame.payload = line;
  return line.empty() ? ParseStatus::nothing : ParseStatus::frame;
}

ParseStatus FrameParser::fail(Error error, std::size_t detail) {
  error_ = error;
  error_detail_ = static_cast<std::uint32_t>(detail);
  return ParseStatus::error;
}

std::size_t FrameParser::bytes_missing(std::size_t input_bytes) const {
  if (bulks_left_ == 0) return 1;
  const std::size_t current = in_bulk_ ? bulk_bytes_ + kCrlfBytes : kMinBulkBytes;
  const std::size_t least = position_ + current + (bulks_left_ - 1) * kMinBulkBytes;
  return least > input_bytes ? least - input_bytes : 1;
}

std::string FrameParser::error() const {
  const std::string prefix = "ERR Protocol error: ";
  const std::string limit = std::to_string(error_detail_);
  switch (error_) {
    case Error::none:
      return {};
    case Error::invalid_count:
      return prefix + "invalid multibulk length";
    case Error::too_many_arguments:
      return prefix + "invalid multibulk length, more than max_arguments (" + limit + ")";
    case Error::count_too_long:
      return prefix + "too big mbulk count string";
    case Error::expected_bulk: {
      const char found = static_cast<char>(error_detail_);
      return prefix + "expected '$', got '" + escaped(std::string_view(&found, 1)) + "'";
    }
    case Error::invalid_length:
      return prefix + "invalid bulk length";
    case Error::length_too_long:
      return prefix + "too big bulk count string";
    case Error::frame_too_big:
      return prefix + "invalid bulk length, the frame would exceed max_frame (" + limit + " bytes)";
    case Error::bulk_without_end:
      return prefix + "bulk string not followed by CRLF";
    case Error::line_too_long:
      return prefix + "too big inline request";
    case Error::array_cut_off:
      return prefix + "end of input inside an array";
  }
  return {};
}

}  // namespace reactord
