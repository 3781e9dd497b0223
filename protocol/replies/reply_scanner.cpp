// SPDX-License-Identifier: MIT
#include "protocol/replies/reply_scanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "protocol/escape.h"

namespace reactord {
namespace {

constexpr std::string_view kTypes = "+-:$*_#,(!=%~>|;.";
constexpr std::size_t kShownBytes = 40;
/// Where an end of line is looked for without remembering how far; a longer reply costs more to
/// move than to look at twice.
constexpr std::size_t kMaxSmallBytes = 16u << 10;
constexpr std::size_t kFormatBytes = 4;  ///< of a verbatim string: "txt:"

bool is_type(char byte) {
  return kTypes.find(byte) != std::string_view::npos;
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view without_sign(std::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  return text;
}

std::string_view without_plus(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  return text;
}

bool is_integer(std::string_view text) {
  std::int64_t value = 0;
  const std::string_view digits = without_plus(text);
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return problem == std::errc() && end == digits.data() + digits.size() &&
         all_digits(without_sign(text));
}

bool is_real(std::string_view text) {
  if (text == "inf" || text == "-inf" || text == "nan" || text == "-nan") return true;
  const std::string_view rest = without_sign(text);
  if (rest.empty() || (rest[0] != '.' && (rest[0] < '0' || rest[0] > '9'))) return false;
  double value = 0;
  const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return problem != std::errc::invalid_argument && end == rest.data() + rest.size();
}

std::optional<std::size_t> parse_length(std::string_view text) {
  std::size_t length = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return length;
}

bool has_pairs(char type) {
  return type == '%' || type == '|';
}

}  // namespace

ReplyStatus ReplyScanner::scan(std::string_view input, std::size_t& consumed, ReplySink* sink) {
  consumed = 0;
  sink_ = sink;
  if (status_ == ReplyStatus::reply) {
    status_ = ReplyStatus::need_more;
    bytes_ = elements_ = 0;
  }
  if (sink == nullptr && bytes_ == 0 && status_ == ReplyStatus::need_more) {
    consumed = small_reply(input);
    if (consumed > 0) return status_ = ReplyStatus::reply;
  }
  while (status_ == ReplyStatus::need_more && consumed < input.size()) {
    if (bytes_ == limits_.max_bytes) {
      fail(fmt::format("a reply of more than {} bytes", limits_.max_bytes));
      break;
    }
    // Nothing behind the limit is looked at: what is wrong there must not be the answer to some
    // cuts.
    const std::string_view rest = input.substr(consumed, limits_.max_bytes - bytes_);
    std::size_t used = 0;
    switch (state_) {
      case State::line:
        used = read_line(rest);
        break;
      case State::body:
        used = read_body(rest);
        break;
      case State::body_end:
        used = read_body_end(rest);
        break;
    }
    consumed += used;
  }
  if (status_ == ReplyStatus::reply) bytes_ = 0;
  return status_;
}

// Most replies are one line or a short string, and have come whole. Whatever else it is, 0: the
// long way says what.
std::size_t ReplyScanner::small_reply(std::string_view input) {
  const std::string_view seen = input.substr(0, std::min(kMaxSmallBytes, limits_.max_bytes));
  const std::size_t newline = seen.find('\n');
  if (newline == std::string_view::npos || newline < 2 || seen[newline - 1] != '\r') return 0;
  if (newline >= limits_.max_line_bytes) return 0;
  const std::string_view text = seen.substr(1, newline - 2);
  switch (seen[0]) {
    case '+':
    case '-':
      break;
    case ':':
      if (!is_integer(text)) return 0;
      break;
    case '$': {
      const std::optional<std::size_t> length = parse_length(text);
      const std::size_t begin = newline + 1;
      if (!length || *length > seen.size() || seen.size() - *length < begin + 2) return 0;
      if (seen.substr(begin + *length, 2) != "\r\n") return 0;
      type_ = '$';
      return begin + *length + 2;
    }
    default:
      return 0;
  }
  type_ = seen[0];
  return newline + 1;
}

bool ReplyScanner::is_lost_at_end() {
  const bool unknown = state_ == State::line && !line_.empty() && !is_type(line_[0]);
  if (unknown && status_ == ReplyStatus::need_more) fail_unknown_type();
  return status_ == ReplyStatus::error;
}

// --- pieces of the input -------------------------------------------------------------------------

std::size_t ReplyScanner::read_line(std::string_view input) {
  const std::size_t newline = input.find('\n');
  const std::size_t used = newline == std::string_view::npos ? input.size() : newline + 1;
  bytes_ += used;
  if (!is_type(line_.empty() ? input[0] : line_[0])) {
    read_unknown_type(input.substr(0, used));
  } else if (line_.size() + used > limits_.max_line_bytes) {
    fail(fmt::format("a line of more than {} bytes", limits_.max_line_bytes));
  } else if (newline == std::string_view::npos) {
    line_.append(input);
  } else if (line_.empty()) {
    on_line(input.substr(0, used));
  } else {
    line_.append(input.substr(0, used));
    on_line(line_);
    line_.clear();
  }
  return used;
}

// Waits for as much of it as is shown, so that the error does not depend on how much came at once.
void ReplyScanner::read_unknown_type(std::string_view input) {
  line_.append(input.substr(0, kShownBytes + 1 - std::min(line_.size(), kShownBytes)));
  if (line_.size() > kShownBytes || line_.back() == '\n') fail_unknown_type();
}

std::size_t ReplyScanner::read_body(std::string_view input) {
  const std::size_t used = std::min(input.size(), body_missing_);
  bytes_ += used;
  if (body_seen_ < kFormatBytes && body_seen_ + used >= kFormatBytes) {
    format_end_ = input[kFormatBytes - 1 - body_seen_];
  }
  body_seen_ += used;
  if (sink_ != nullptr) sink_->on_string_bytes(input.substr(0, used));
  body_missing_ -= used;
  if (body_missing_ == 0) state_ = State::body_end;
  return used;
}

std::size_t ReplyScanner::read_body_end(std::string_view input) {
  const char expected = body_end_seen_ == 0 ? '\r' : '\n';
  ++bytes_;
  if (input[0] != expected) {
    fail("a string is longer or shorter than its announced length");
  } else if (expected == '\r') {
    body_end_seen_ = '\r';
  } else {
    body_end_seen_ = 0;
    end_body();
  }
  return 1;
}

// --- what a line says ----------------------------------------------------------------------------

void ReplyScanner::on_line(std::string_view line) {
  if (line.size() < 3 || line[line.size() - 2] != '\r') {
    return fail(fmt::format("a line without its type or CRLF: '{}'", escaped(line, kShownBytes)));
  }
  line.remove_suffix(2);
  if (in_streamed_string_) return on_chunk_header(line);
  const char type = line[0];
  const std::string_view text = line.substr(1);
  switch (type) {
    case '$':
    case '=':
    case '!':
      return on_body_header(type, text);
    case '*':
    case '~':
    case '%':
    case '>':
    case '|':
      return on_aggregate(type, text);
    case '.':
      return text.empty() ? on_stream_end() : fail("text behind the end of a stream");
    case ';':
      return fail("a chunk outside a streamed string");
    default:
      return on_scalar(type, text);
  }
}

void ReplyScanner::on_scalar(char type, std::string_view text) {
  const bool is_value =
      type == '+' || type == '-' || (type == ':' && is_integer(text)) ||
      (type == '(' && all_digits(without_sign(text))) || (type == ',' && is_real(text)) ||
      (type == '#' && (text == "t" || text == "f")) || (type == '_' && text.empty());
  if (is_value) return complete_scalar(type, text);
  fail(fmt::format("not a value of type '{}': '{}'", type, escaped(text, kShownBytes)));
}

void ReplyScanner::on_body_header(char type, std::string_view length) {
  if (type == '$' && length == "-1") return complete_scalar('_', {});
  begin_value(type);
  body_type_ = type;
  body_seen_ = 0;
  if (type == '$' && length == "?") {
    in_streamed_string_ = true;
    return;
  }
  const std::optional<std::size_t> bytes = parse_length(length);
  if (!bytes) return fail(fmt::format("not a length: '{}'", escaped(length, kShownBytes)));
  begin_body(*bytes);
}

void ReplyScanner::on_chunk_header(std::string_view line) {
  const std::optional<std::size_t> bytes = parse_length(line.substr(1));
  if (line[0] != ';' || !bytes) {
    return fail(fmt::format("expected a chunk, got '{}'", escaped(line, kShownBytes)));
  }
  if (*bytes > 0) return begin_body(*bytes);
  in_streamed_string_ = false;
  end_body();
}

void ReplyScanner::begin_body(std::size_t length) {
  if (length > limits_.max_bytes - std::min(bytes_, limits_.max_bytes)) {
    return fail(
        fmt::format("a string of {} bytes (at most {} are accepted)", length, limits_.max_bytes));
  }
  body_missing_ = length;
  state_ = length == 0 ? State::body_end : State::body;
}

void ReplyScanner::end_body() {
  state_ = State::line;
  if (in_streamed_string_) return;
  if (body_type_ == '=' && (body_seen_ < kFormatBytes || format_end_ != ':')) {
    return fail("a verbatim string without its format");
  }
  if (sink_ != nullptr) sink_->on_string_end(body_type_);
  complete();
}

// --- aggregates ----------------------------------------------------------------------------------

void ReplyScanner::on_aggregate(char type, std::string_view count) {
  if (type == '*' && count == "-1") return complete_scalar('_', {});
  if (type == '>' && !levels_.empty()) return fail("a push inside a reply");
  if (levels_.size() >= limits_.max_depth) {
    return fail(fmt::format("a reply nested more than {} deep", limits_.max_depth));
  }
  if (count == "?") return open_level(type, 0, true);
  const std::optional<std::size_t> announced = parse_length(count);
  if (!announced) return fail(fmt::format("not a count: '{}'", escaped(count, kShownBytes)));
  const std::size_t each = has_pairs(type) ? 2 : 1;
  if (*announced > (limits_.max_elements - elements_) / each) {
    return fail(fmt::format("a reply of more than {} elements", limits_.max_elements));
  }
  open_level(type, *announced * each, false);
}

void ReplyScanner::open_level(char type, std::size_t elements, bool streamed) {
  const bool attribute = type == '|';
  const bool is_empty = elements == 0 && !streamed;
  if (is_empty && attribute) return;
  if (!attribute) begin_value(type);
  if (sink_ != nullptr) sink_->on_open(type);
  if (!is_empty) return levels_.push_back({elements, streamed, has_pairs(type), attribute});
  if (sink_ != nullptr) sink_->on_close();
  complete();
}

void ReplyScanner::on_stream_end() {
  if (levels_.empty() || !levels_.back().streamed) return fail("the end of no stream");
  const Level level = levels_.back();
  if (level.pairs && level.missing % 2 != 0) return fail("a map with a key but no value");
  levels_.pop_back();
  if (sink_ != nullptr) sink_->on_close();
  if (!level.attribute) complete();
}

void ReplyScanner::begin_value(char type) {
  if (levels_.empty()) type_ = type;
}

void ReplyScanner::complete_scalar(char type, std::string_view text) {
  begin_value(type);
  if (sink_ != nullptr) sink_->on_scalar(type, text);
  complete();
}

/// A value is whole; so may be those that it is the last element of.
void ReplyScanner::complete() {
  if (++elements_ > limits_.max_elements) {
    return fail(fmt::format("a reply of more than {} elements", limits_.max_elements));
  }
  while (!levels_.empty()) {
    Level& parent = levels_.back();
    if (parent.streamed) {
      ++parent.missing;
      return;
    }
    if (--parent.missing > 0) return;
    const bool attribute = parent.attribute;
    levels_.pop_back();
    if (sink_ != nullptr) sink_->on_close();
    if (attribute) return;
  }
  status_ = ReplyStatus::reply;
}

void ReplyScanner::fail_unknown_type() {
  fail(fmt::format("expected a reply, got '{}'", escaped(line_, kShownBytes)));
}

void ReplyScanner::fail(std::string problem) {
  error_ = std::move(problem);
  status_ = ReplyStatus::error;
}

}  // namespace reactord
