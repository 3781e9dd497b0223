// SPDX-License-Identifier: MIT
#include "tools/reactor-load/check/reply_scanner.h"

#include <charconv>
#include <cstring>

namespace reactord::load {
namespace {

/// Of one reply. A hostile or a broken server must not fill the memory of all clients: 64 MiB are
/// four times the largest frame that reactord takes by default, and 3 GiB with the usual 50
/// clients.
constexpr std::size_t kMostBytes = 64u << 20;
/// Of a line, as protocol/replies/reply_parser.h has them.
constexpr std::size_t kMostLineBytes = 4u << 20;
constexpr std::uint64_t kMostElements = 2u << 20;

bool is_type(char byte) {
  return std::string_view("+-:$_#,(!=*~%>|").find(byte) != std::string_view::npos;
}

bool parse_count(std::string_view text, std::uint64_t most, std::uint64_t& count) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
  return problem == std::errc() && end == text.data() + text.size() && count <= most;
}

}  // namespace

ScanStatus ReplyScanner::scan(std::string_view bytes, ReplyView& reply) {
  const bool had_head = has_head_;
  while (missing_ > 0) {
    ReplyView part;
    const std::size_t begin = at_;
    const bool may_be_head = missing_ == 1 && !has_head_;  // no part of an attribute
    const ScanStatus status = scan_value(bytes, part);
    if (status != ScanStatus::reply) return status;
    if (!may_be_head || part.type == '|') continue;
    has_head_ = true;
    head_ = begin;
    reply = part;
  }
  // Only an aggregate is ever resumed behind its first line.
  if (had_head) reply = {bytes[head_], {}, {}};
  reply.raw = bytes.substr(0, at_);
  *this = {};
  return ScanStatus::reply;
}

ScanStatus ReplyScanner::scan_value(std::string_view bytes, ReplyView& reply) {
  const std::string_view rest = bytes.substr(at_);
  const void* newline = rest.size() > line_seen_
                            ? std::memchr(rest.data() + line_seen_, '\n', rest.size() - line_seen_)
                            : nullptr;
  if (newline == nullptr) {
    line_seen_ = rest.size();
    const bool possible =
        rest.empty() || (is_type(rest[0]) && rest.size() <= kMostLineBytes && fits(rest.size()));
    return possible ? ScanStatus::need_more : ScanStatus::broken;
  }
  const auto end = static_cast<std::size_t>(static_cast<const char*>(newline) - rest.data());
  if (end < 2 || rest[end - 1] != '\r') return ScanStatus::broken;
  if (end >= kMostLineBytes || !fits(end + 1)) return ScanStatus::broken;
  const char type = rest[0];
  const std::string_view text = rest.substr(1, end - 2);
  reply.type = type;
  switch (type) {
    case '+':
    case '-':
    case ':':
    case ',':
    case '#':
    case '(':
      reply.text = text;
      break;
    case '_':
      break;
    case '$':
    case '=':
    case '!':
      if (type == '$' && text == "-1") break;
      return scan_body(rest, text, end + 1, reply);
    case '*':
    case '~':
    case '>':
    case '%':
    case '|':
      if (type == '*' && text == "-1") break;
      at_ += end + 1;
      line_seen_ = 0;
      return scan_aggregate(type, text);
    default:
      return ScanStatus::broken;
  }
  at_ += end + 1;
  line_seen_ = 0;
  --missing_;
  return ScanStatus::reply;
}

/// Whether so much more is not too much.
bool ReplyScanner::fits(std::size_t bytes) const {
  return bytes <= kMostBytes - at_;
}

ScanStatus ReplyScanner::scan_body(std::string_view rest, std::string_view length,
                                   std::size_t header_end, ReplyView& reply) {
  std::uint64_t bytes = 0;
  if (!parse_count(length, kMostBytes, bytes) || !fits(header_end + bytes + 2))
    return ScanStatus::broken;
  if (rest.size() < header_end + bytes + 2) {
    line_seen_ = header_end - 1;  // the header's line end is found at once next time
    return ScanStatus::need_more;
  }
  if (rest.substr(header_end + bytes, 2) != "\r\n") return ScanStatus::broken;
  reply.text = rest.substr(header_end, bytes);
  at_ += header_end + bytes + 2;
  line_seen_ = 0;
  --missing_;
  return ScanStatus::reply;
}

ScanStatus ReplyScanner::scan_aggregate(char type, std::string_view text) {
  std::uint64_t count = 0;
  if (!parse_count(text, kMostElements, count)) return ScanStatus::broken;
  const bool pairs = type == '%' || type == '|';
  missing_ += pairs ? 2 * count : count;
  // An attribute stands in front of the value that it belongs to, which is still to come.
  if (type != '|') --missing_;
  return missing_ > kMostElements ? ScanStatus::broken : ScanStatus::reply;
}

}  // namespace reactord::load
