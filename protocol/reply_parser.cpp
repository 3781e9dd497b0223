// SPDX-License-Identifier: MIT
#include "protocol/reply_parser.h"

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

Reply::Kind aggregate_kind(char type) {
  if (type == '~') return Reply::Kind::set;
  if (type == '>') return Reply::Kind::push;
  return type == '%' || type == '|' ? Reply::Kind::map : Reply::Kind::array;
}

}  // namespace

ReplyStatus ReplyParser::parse(std::string_view input, std::size_t& consumed) {
  consumed = 0;
  if (status_ == ReplyStatus::reply) {
    status_ = ReplyStatus::need_more;
    bytes_ = elements_ = 0;
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

bool ReplyParser::is_lost_at_end() {
  const bool unknown = state_ == State::line && !line_.empty() && !is_type(line_[0]);
  if (unknown && status_ == ReplyStatus::need_more) fail_unknown_type();
  return status_ == ReplyStatus::error;
}

// --- pieces of the input -------------------------------------------------------------------------

std::size_t ReplyParser::read_line(std::string_view input) {
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
void ReplyParser::read_unknown_type(std::string_view input) {
  line_.append(input.substr(0, kShownBytes + 1 - std::min(line_.size(), kShownBytes)));
  if (line_.size() > kShownBytes || line_.back() == '\n') fail_unknown_type();
}

std::size_t ReplyParser::read_body(std::string_view input) {
  const std::size_t used = std::min(input.size(), body_missing_);
  bytes_ += used;
  body_.append(input.substr(0, used));
  body_missing_ -= used;
  if (body_missing_ == 0) state_ = State::body_end;
  return used;
}

std::size_t ReplyParser::read_body_end(std::string_view input) {
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

void ReplyParser::on_line(std::string_view line) {
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

void ReplyParser::on_scalar(char type, std::string_view text) {
  const std::string_view value = without_plus(text);
  if (type == '+') return complete_scalar(Reply::Kind::status, text);
  if (type == '-') return complete_scalar(Reply::Kind::error, text);
  if (type == ':' && is_integer(text)) return complete_scalar(Reply::Kind::integer, value);
  if (type == '(' && all_digits(without_sign(text))) {
    return complete_scalar(Reply::Kind::big_number, value);
  }
  if (type == ',' && is_real(text)) return complete_scalar(Reply::Kind::real, value);
  if (type == '#' && text == "t") return complete_scalar(Reply::Kind::boolean, "true");
  if (type == '#' && text == "f") return complete_scalar(Reply::Kind::boolean, "false");
  if (type == '_' && text.empty()) return complete_scalar(Reply::Kind::nil, {});
  fail(fmt::format("not a value of type '{}': '{}'", type, escaped(text, kShownBytes)));
}

void ReplyParser::on_body_header(char type, std::string_view length) {
  if (type == '$' && length == "-1") return complete_scalar(Reply::Kind::nil, {});
  body_type_ = type;
  if (type == '$' && length == "?") {
    in_streamed_string_ = true;
    return;
  }
  const std::optional<std::size_t> bytes = parse_length(length);
  if (!bytes) return fail(fmt::format("not a length: '{}'", escaped(length, kShownBytes)));
  begin_body(*bytes);
}

void ReplyParser::on_chunk_header(std::string_view line) {
  const std::optional<std::size_t> bytes = parse_length(line.substr(1));
  if (line[0] != ';' || !bytes) {
    return fail(fmt::format("expected a chunk, got '{}'", escaped(line, kShownBytes)));
  }
  if (*bytes > 0) return begin_body(*bytes);
  in_streamed_string_ = false;
  end_body();
}

void ReplyParser::begin_body(std::size_t length) {
  if (length > limits_.max_bytes - std::min(bytes_, limits_.max_bytes)) {
    return fail(
        fmt::format("a string of {} bytes (at most {} are accepted)", length, limits_.max_bytes));
  }
  body_missing_ = length;
  state_ = length == 0 ? State::body_end : State::body;
}

void ReplyParser::end_body() {
  state_ = State::line;
  if (in_streamed_string_) return;
  Reply value;
  value.kind = body_type_ == '!' ? Reply::Kind::error : Reply::Kind::text;
  value.text = std::exchange(body_, {});
  if (body_type_ == '=') {
    constexpr std::size_t kFormatBytes = 4;  // "txt:"
    if (value.text.size() < kFormatBytes || value.text[kFormatBytes - 1] != ':') {
      return fail("a verbatim string without its format");
    }
    value.text.erase(0, kFormatBytes);
  }
  complete(std::move(value));
}

// --- aggregates ----------------------------------------------------------------------------------

void ReplyParser::on_aggregate(char type, std::string_view count) {
  if (type == '*' && count == "-1") return complete_scalar(Reply::Kind::nil, {});
  if (type == '>' && !levels_.empty()) return fail("a push inside a reply");
  if (levels_.size() >= limits_.max_depth) {
    return fail(fmt::format("a reply nested more than {} deep", limits_.max_depth));
  }
  if (count == "?") return open_level(type, 0, true);
  const std::optional<std::size_t> announced = parse_length(count);
  if (!announced) return fail(fmt::format("not a count: '{}'", escaped(count, kShownBytes)));
  const std::size_t each = aggregate_kind(type) == Reply::Kind::map ? 2 : 1;
  if (*announced > (limits_.max_elements - elements_) / each) {
    return fail(fmt::format("a reply of more than {} elements", limits_.max_elements));
  }
  open_level(type, *announced * each, false);
}

void ReplyParser::open_level(char type, std::size_t elements, bool streamed) {
  Reply value;
  value.kind = aggregate_kind(type);
  const bool attribute = type == '|';
  if (elements == 0 && !streamed) {
    if (!attribute) complete(std::move(value));
    return;
  }
  levels_.push_back({std::move(value), elements, streamed, attribute});
}

void ReplyParser::on_stream_end() {
  if (levels_.empty() || !levels_.back().streamed) return fail("the end of no stream");
  Level level = std::move(levels_.back());
  levels_.pop_back();
  if (level.value.kind == Reply::Kind::map && level.value.elements.size() % 2 != 0) {
    return fail("a map with a key but no value");
  }
  if (!level.attribute) complete(std::move(level.value));
}

void ReplyParser::complete(Reply&& value) {
  if (++elements_ > limits_.max_elements) {
    return fail(fmt::format("a reply of more than {} elements", limits_.max_elements));
  }
  Reply done = std::move(value);
  while (!levels_.empty()) {
    Level& parent = levels_.back();
    parent.value.elements.push_back(std::move(done));
    if (parent.streamed || --parent.missing > 0) return;
    const bool attribute = parent.attribute;
    done = std::move(parent.value);
    levels_.pop_back();
    if (attribute) return;
  }
  reply_ = std::move(done);
  status_ = ReplyStatus::reply;
}

void ReplyParser::complete_scalar(Reply::Kind kind, std::string_view text) {
  complete(Reply{kind, std::string(text), {}});
}

void ReplyParser::fail_unknown_type() {
  fail(fmt::format("expected a reply, got '{}'", escaped(line_, kShownBytes)));
}

void ReplyParser::fail(std::string problem) {
  error_ = std::move(problem);
  status_ = ReplyStatus::error;
}

}  // namespace reactord
