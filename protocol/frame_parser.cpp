// SPDX-License-Identifier: MIT
// An array's way through the parser:
//
//   position_ 0 --count--> [ length -> body -> CRLF ] x bulks_left_ --> frame
//
// A frame that is complete in one input is taken in one pass without keeping any state
// (take_short_array, and take_whole_array where its arguments are many). Every other one is
// validated piece by piece, keeping counters only; its arguments are then collected in another pass
// over its headers, which cannot fail. That is four visits to a header at most, however the frame
// is cut.
#include "protocol/frame_parser.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "protocol/buffer.h"
#include "protocol/escape.h"

namespace reactord {
namespace {

// The longest header line, `*` or `$` and CRLF included. An int64 takes 23 bytes at most.
constexpr std::size_t kMaxHeaderBytes = 32;
// The shortest bulk: "$0\r\n\r\n".
constexpr std::size_t kMinBulkBytes = 6;
// What follows every header and every body.
constexpr std::size_t kCrlfBytes = 2;
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

// Every header that the fast path leaves over. Judges the whole line, never a part of it, so that
// the answer does not depend on how the bytes were cut. Each call looks at kMaxHeaderBytes at most.
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

// Parses the header line whose type byte is at `start`.
inline Header parse_header(std::string_view input, std::size_t start) {
  const char* const first = input.data() + start + 1;
  const char* const end = input.data() + input.size();
  const char* at = first;
  std::uint32_t value = 0;
  for (; at != end && *at >= '0' && *at <= '9' && at - first < kMaxFastDigits; ++at) {
    value = value * 10 + static_cast<std::uint32_t>(*at - '0');
  }
  const bool strict = at - first == 1 || (at != first && *first != '0');
  if (!strict || end - at < 2 || at[0] != '\r' || at[1] != '\n') return judge_header(input, start);
  return {HeaderStatus::complete, value, static_cast<std::size_t>(at + 2 - input.data())};
}

// "*d\r\n" or "$d\r\n" as it lies in memory, its digit left out.
constexpr std::uint32_t short_header(char type) {
  return std::bit_cast<std::uint32_t>(std::array{type, '\0', '\r', '\n'});
}
constexpr std::uint32_t kNoDigitMask =
    std::bit_cast<std::uint32_t>(std::array{'\xff', '\0', '\xff', '\xff'});
constexpr std::ptrdiff_t kShortHeaderBytes = 4;
static_assert(Frame::kFewArguments == 9, "what one digit can count");

// The header line at `at` if it is whole, well-formed and of one digit, as nearly all counts are
// and most lengths, at one comparison: true, and its value. What it leaves over is for others to
// judge.
inline bool take_short_header(const char* at, const char* end, char type, std::uint32_t& value) {
  if (end - at < kShortHeaderBytes) return false;
  std::uint32_t header = 0;
  std::memcpy(&header, at, sizeof header);
  value = static_cast<std::uint32_t>(at[1] - '0');
  return (header & kNoDigitMask) == short_header(type) && value <= 9;
}

// The same for "$dd\r\n".
inline bool take_medium_header(const char* at, const char* end, std::uint32_t& value) {
  if (end - at < kShortHeaderBytes + 1 || at[0] != '$') return false;
  const auto first = static_cast<std::uint32_t>(at[1] - '0');
  const auto second = static_cast<std::uint32_t>(at[2] - '0');
  value = first * 10 + second;
  return first - 1 <= 8 && second <= 9 && std::memcmp(at + 3, "\r\n", kCrlfBytes) == 0;
}

// The bulk string at `at` if it is whole and of less than 100 bytes: the position behind it. Null
// leaves the judgement to others.
inline const char* take_short_bulk(const char* at, const char* end, std::string_view& bulk) {
  std::uint32_t length = 0;
  if (take_short_header(at, end, '$', length))
    at += kShortHeaderBytes;
  else if (take_medium_header(at, end, length))
    at += kShortHeaderBytes + 1;
  else
    return nullptr;
  if (end - at < length + std::ptrdiff_t{kCrlfBytes}) return nullptr;
  if (std::memcmp(at + length, "\r\n", kCrlfBytes) != 0) return nullptr;
  bulk = {at, length};
  return at + length + kCrlfBytes;
}

// The same for one of any length. Out of line: its registers would cost the short ones.
[[gnu::noinline]] const char* take_long_bulk(const char* at, const char* end,
                                             std::string_view& bulk) {
  if (at == end || *at != '$') return nullptr;
  const std::string_view input(at, static_cast<std::size_t>(end - at));
  const Header header = parse_header(input, 0);
  if (header.status != HeaderStatus::complete || header.value < 0) return nullptr;
  const std::string_view rest = input.substr(header.end);
  const auto length = static_cast<std::uint64_t>(header.value);
  if (rest.size() < kCrlfBytes || length > rest.size() - kCrlfBytes) return nullptr;
  if (std::memcmp(rest.data() + length, "\r\n", kCrlfBytes) != 0) return nullptr;
  bulk = rest.substr(0, length);
  return rest.data() + length + kCrlfBytes;
}

inline const char* take_bulk(const char* at, const char* end, std::string_view& bulk) {
  const char* const behind = take_short_bulk(at, end, bulk);
  return behind != nullptr ? behind : take_long_bulk(at, end, bulk);
}

std::string_view without_carriage_return(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

ParseStatus FrameParser::parse(std::string_view input, const ParserLimits& limits, Frame& frame) {
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
  const ParseStatus status = parse(input, limits, frame);
  if (status != ParseStatus::need_more) return status;
  if (framing_ == Framing::command && input.front() == '*') return fail(Error::array_cut_off);
  // A lone CR in the end is the first half of a line end that was cut.
  return take_line(without_carriage_return(input), input.size(), frame);
}

ParseStatus FrameParser::parse_array(std::string_view input, const ParserLimits& limits,
                                     Frame& frame) {
  if (take_whole_array(input, limits, frame)) return ParseStatus::frame;
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
    const ParseStatus status = parse_body(input);
    if (status != ParseStatus::frame) return status;
  }
  return take_array(input, frame);
}

bool FrameParser::take_short_array(std::string_view input, const ParserLimits& limits,
                                   Frame& frame) {
  if (is_under_way()) return false;
  const char* at = input.data();
  const char* const end = at + std::min(input.size(), limits.max_frame_bytes);
  std::uint32_t count = 0;
  if (!take_short_header(at, end, '*', count) || count == 0 || count > limits.max_arguments)
    return false;
  at += kShortHeaderBytes;
  const std::span arguments(frame.few.data(), count);
  for (std::string_view& argument : arguments) {
    at = take_bulk(at, end, argument);
    if (at == nullptr) return false;
  }
  frame.kind = FrameKind::array;
  frame.arguments = arguments;
  frame.bytes = static_cast<std::size_t>(at - input.data());
  return true;
}

// The same for arguments of any number. False decides nothing here either.
bool FrameParser::take_whole_array(std::string_view input, const ParserLimits& limits,
                                   Frame& frame) {
  if (is_under_way()) return false;
  const std::string_view whole = input.substr(0, limits.max_frame_bytes);
  const Header count = parse_header(whole, 0);
  if (count.status != HeaderStatus::complete || count.value <= 0) return false;
  if (static_cast<std::uint64_t>(count.value) > limits.max_arguments) return false;
  const char* at = whole.data() + count.end;
  const char* const end = whole.data() + whole.size();
  frame.many.clear();
  for (auto left = count.value; left > 0; --left) {
    std::string_view argument;
    at = take_bulk(at, end, argument);
    if (at == nullptr) return false;
    frame.many.push_back(argument);
  }
  frame.kind = FrameKind::array;
  frame.arguments = frame.many;
  frame.bytes = static_cast<std::size_t>(at - whole.data());
  return true;
}

// The parts below return `frame` when they are complete.

ParseStatus FrameParser::parse_count(std::string_view input, const ParserLimits& limits,
                                     Frame& frame) {
  const Header header = parse_header(input, 0);
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
  const Header header = parse_header(input, position_);
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

ParseStatus FrameParser::take_array(std::string_view input, Frame& frame) {
  frame.kind = FrameKind::array;
  frame.bytes = position_;
  for (std::size_t at = parse_header(input, 0).end; at < position_;) {
    const Header header = parse_header(input, at);
    const auto length = static_cast<std::size_t>(header.value);
    frame.many.push_back(input.substr(header.end, length));
    at = header.end + length + kCrlfBytes;
  }
  frame.arguments = frame.many;
  position_ = 0;
  return ParseStatus::frame;
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
