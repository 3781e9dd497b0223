// SPDX-License-Identifier: MIT
#include "protocol/reply_writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "protocol/escape.h"
#include "protocol/replies/reply.h"

namespace reactord {
namespace {

constexpr std::string_view kCrlf = "\r\n";
// A type byte, the digits and sign of an int64, CRLF: 23 bytes.
constexpr std::size_t kMaxNumberBytes = 24;
// Two words of 8 bytes.
constexpr std::size_t kMaxShortBytes = 16;
constexpr std::size_t kShortBytes = 3 + 2 + kMaxShortBytes + 2;  // as a bulk string
// So many digits, with a sign, always fit in an int64.
constexpr std::size_t kSafeIntegerBytes = 18;

char* write(char* at, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

inline char* write_crlf(char* at) {
  std::memcpy(at, kCrlf.data(), 2);
  return at + 2;
}

char* write_number(char* at, char type, std::int64_t value) {
  *at = type;
  if (value >= 0 && value <= 9) {  // most numbers are
    at[1] = static_cast<char>('0' + value);
    return write_crlf(at + 2);
  }
  return write_crlf(std::to_chars(at + 1, at + kMaxNumberBytes - kCrlf.size(), value).ptr);
}

// A word from the start and one from the end, which may overlap.
template <class Word>
inline void write_ends(char* at, std::string_view bytes) {
  const std::size_t last = bytes.size() - sizeof(Word);
  Word first_word = 0;
  Word last_word = 0;
  std::memcpy(&first_word, bytes.data(), sizeof(Word));
  std::memcpy(&last_word, bytes.data() + last, sizeof(Word));
  std::memcpy(at, &first_word, sizeof(Word));
  std::memcpy(at + last, &last_word, sizeof(Word));
}

// At most kMaxShortBytes, without the call that memcpy() would be.
[[gnu::always_inline]] inline char* write_short(char* at, std::string_view bytes) {
  if (bytes.size() >= sizeof(std::uint64_t))
    write_ends<std::uint64_t>(at, bytes);
  else if (bytes.size() >= sizeof(std::uint32_t))
    write_ends<std::uint32_t>(at, bytes);
  else if (bytes.size() >= sizeof(std::uint16_t))
    write_ends<std::uint16_t>(at, bytes);
  else if (!bytes.empty())
    *at = bytes.front();
  return at + bytes.size();
}

// "$7\r\n" or "$12\r\n"
inline char* write_short_length(char* at, std::size_t length) {
  *at++ = '$';
  if (length > 9) {
    *at++ = '1';
    length -= 10;
  }
  *at++ = static_cast<char>('0' + length);
  return write_crlf(at);
}

bool has_line_break(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char byte) { return byte == '\r' || byte == '\n'; });
}

bool fits_in_int64(std::string_view decimal) {
  if (decimal.size() <= kSafeIntegerBytes) return true;
  std::int64_t value = 0;
  return std::from_chars(decimal.data(), decimal.data() + decimal.size(), value).ec == std::errc();
}

}  // namespace

// --- scalars -------------------------------------------------------------------------------------

// Most scalars are short replies to RESP: without a call, they need no register saved, and take 40
// instructions instead of 70.
inline bool ReplyWriter::is_short_reply(std::string_view scalar) const {
  return scalar.size() <= kMaxShortBytes && depth_ == 0 && resp() && out_.room() >= kShortBytes;
}

void ReplyWriter::simple(std::string_view status) {
  if (!is_short_reply(status) || has_line_break(status)) [[unlikely]]
    return any_simple(status);
  char* const start = out_.prepare(kShortBytes).data();
  *start = '+';
  out_.commit(static_cast<std::size_t>(write_crlf(write_short(start + 1, status)) - start));
  ++replies_;
}

void ReplyWriter::any_simple(std::string_view status) {
  if (!resp()) {
    append_data(status);
  } else if (has_line_break(status)) {
    append_bulk(status);
  } else {
    append_line('+', status);
  }
  finish_element();
}

void ReplyWriter::notice(std::string_view line) {
  if (resp()) return append_line('+', line);
  append_data(line);
  out_.append('\n');
}

void ReplyWriter::error(std::string_view code_and_text) {
  if (depth_ == 0) wrote_error_ = true;
  if (resp()) {
    out_.append('-');
    append_error_text(out_, code_and_text);
    out_.append(kCrlf);
  } else {
    begin_plain_element();
    if (encoding_ == ReplyEncoding::plain) out_.append(kPlainErrorMark);
    append_error_text(out_, code_and_text);
  }
  finish_element();
}

void ReplyWriter::encoded(std::string_view resp, bool is_error) {
  if (depth_ == 0 && is_error) wrote_error_ = true;
  out_.append(resp);
  finish_element();
}

void ReplyWriter::integer(std::int64_t value) {
  if (resp()) {
    append_number(':', value);
  } else {
    std::array<char, kMaxNumberBytes> digits;
    const char* const end = std::to_chars(digits.begin(), digits.end(), value).ptr;
    append_word({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  finish_element();
}

void ReplyWriter::integer_digits(std::string_view decimal, BigInteger big) {
  if (!resp()) {
    append_word(decimal);
  } else if (fits_in_int64(decimal)) {
    append_line(':', decimal);
  } else if (big == BigInteger::number && encoding_ == ReplyEncoding::resp3) {
    append_line('(', decimal);
  } else {
    append_bulk(decimal);
  }
  finish_element();
}

void ReplyWriter::bulk(std::string_view bytes) {
  if (!is_short_reply(bytes)) [[unlikely]]
    return any_bulk(bytes);
  char* const start = out_.prepare(kShortBytes).data();
  char* const body = write_short_length(start, bytes.size());
  out_.commit(static_cast<std::size_t>(write_crlf(write_short(body, bytes)) - start));
  ++replies_;
}

void ReplyWriter::any_bulk(std::string_view bytes) {
  if (resp()) {
    append_bulk(bytes);
  } else {
    append_data(bytes);
  }
  finish_element();
}

void ReplyWriter::text(std::string_view lines) {
  constexpr std::string_view kFormat = "txt:";
  switch (encoding_) {
    case ReplyEncoding::resp2:
      append_bulk(lines);
      break;
    case ReplyEncoding::resp3:
      append_number('=', static_cast<std::int64_t>(kFormat.size() + lines.size()));
      out_.append(kFormat);
      out_.append(lines);
      out_.append(kCrlf);
      break;
    case ReplyEncoding::plain:
      if (depth_ == 0) {
        append_plain_lines(lines);
      } else {
        append_data(lines);
      }
      break;
    case ReplyEncoding::raw:
      out_.append(lines);
      break;
  }
  finish_element();
}

void ReplyWriter::nil() {
  switch (encoding_) {
    case ReplyEncoding::resp2:
      out_.append("$-1\r\n");
      break;
    case ReplyEncoding::resp3:
      out_.append("_\r\n");
      break;
    case ReplyEncoding::plain:
      append_word(kPlainNil);
      break;
    case ReplyEncoding::raw:
      break;
  }
  finish_element();
}

void ReplyWriter::boolean(bool value) {
  switch (encoding_) {
    case ReplyEncoding::resp2:
      append_number(':', value ? 1 : 0);
      break;
    case ReplyEncoding::resp3:
      append_line('#', value ? "t" : "f");
      break;
    case ReplyEncoding::plain:
    case ReplyEncoding::raw:
      append_word(value ? "true" : "false");
      break;
  }
  finish_element();
}

void ReplyWriter::real(double value) {
  std::array<char, 32> digits;  // the longest double, "-2.2250738585072014e-308", takes 24
  // A NaN has a sign, which no client can parse.
  const double shown = std::isnan(value) ? std::abs(value) : value;
  const char* const end = std::to_chars(digits.begin(), digits.end(), shown).ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  switch (encoding_) {
    case ReplyEncoding::resp2:
      append_bulk(text);
      break;
    case ReplyEncoding::resp3:
      append_line(',', text);
      break;
    case ReplyEncoding::plain:
    case ReplyEncoding::raw:
      append_word(text);
      break;
  }
  finish_element();
}

// --- aggregates ----------------------------------------------------------------------------------

void ReplyWriter::array(std::size_t elements) {
  begin(Aggregate::array, elements);
}
void ReplyWriter::set(std::size_t elements) {
  begin(Aggregate::set, elements);
}
void ReplyWriter::map(std::size_t pairs) {
  begin(Aggregate::map, 2 * pairs);
}
void ReplyWriter::push(std::size_t elements) {
  begin(Aggregate::push, elements);
}

void ReplyWriter::begin(Aggregate kind, std::size_t elements) {
  bool bulleted = false;
  switch (encoding_) {
    case ReplyEncoding::resp2:
    case ReplyEncoding::resp3:
      append_header(kind, elements);
      break;
    case ReplyEncoding::plain:
      bulleted = begin_plain_aggregate(elements);
      break;
    case ReplyEncoding::raw:
      break;
  }
  if (elements == 0) {
    if (depth_ > 0) return count_element();
    return finish_aggregate(kind);
  }
  if (depth_ == kMaxDepth) {
    too_deep_ = true;
    return;
  }
  levels_[depth_++] = {elements, elements, kind, bulleted};
}

ReplyWriter::Unfinished ReplyWriter::unfinished() const {
  if (depth_ == 0) return {};
  constexpr std::string_view kKinds[] = {"an array", "a set", "a map", "a push"};
  const Level& level = levels_[depth_ - 1];
  return {kKinds[static_cast<std::size_t>(level.kind)], level.elements,
          level.elements - level.elements_left};
}

void ReplyWriter::append_header(Aggregate kind, std::size_t elements) {
  const auto count = static_cast<std::int64_t>(elements);
  if (encoding_ == ReplyEncoding::resp2) return append_number('*', count);
  switch (kind) {
    case Aggregate::array:
      return append_number('*', count);
    case Aggregate::set:
      return append_number('~', count);
    case Aggregate::map:
      return append_number('%', count / 2);
    case Aggregate::push:
      return append_number('>', count);
  }
}

void ReplyWriter::finish_nested_element() {
  if (encoding_ == ReplyEncoding::plain && !in_push()) out_.append(at_map_key() ? ':' : '\n');
  count_element();
}

// An element is complete, and with it perhaps the aggregates that it is the last element of.
void ReplyWriter::count_element() {
  while (--levels_[depth_ - 1].elements_left == 0) {
    if (--depth_ == 0) return finish_aggregate(levels_[0].kind);
  }
}

void ReplyWriter::finish_aggregate(Aggregate kind) {
  // The end of a push's line, or the empty line that ends a list.
  if (encoding_ == ReplyEncoding::plain) out_.append('\n');
  push_begun_ = false;
  if (kind != Aggregate::push) ++replies_;
}

// --- RESP ----------------------------------------------------------------------------------------

void ReplyWriter::append_number(char type, std::int64_t value) {
  char* const start = out_.prepare(kMaxNumberBytes).data();
  out_.commit(static_cast<std::size_t>(write_number(start, type, value) - start));
}

void ReplyWriter::append_line(char type, std::string_view content) {
  const std::size_t bytes = 1 + content.size() + kCrlf.size();
  char* const start = out_.prepare(bytes).data();
  *start = type;
  write(write(start + 1, content), kCrlf);
  out_.commit(bytes);
}

void ReplyWriter::append_bulk(std::string_view bytes) {
  if (bytes.size() >= GatherList::kMinPieceBytes && append_borrowed(bytes)) [[unlikely]]
    return;
  char* const start = out_.prepare(kMaxNumberBytes + bytes.size() + kCrlf.size()).data();
  char* const body = write_number(start, '$', static_cast<std::int64_t>(bytes.size()));
  out_.commit(static_cast<std::size_t>(write(write(body, bytes), kCrlf) - start));
}

// False if it must be copied.
bool ReplyWriter::append_borrowed(std::string_view bytes) {
  if (borrowed_ == nullptr) return false;
  const std::size_t before = out_.size();
  append_number('$', static_cast<std::int64_t>(bytes.size()));
  if (!borrowed_->borrow(out_.size(), bytes)) {
    out_.truncate(before);
    return false;
  }
  out_.append(kCrlf);
  return true;
}

}  // namespace reactord
