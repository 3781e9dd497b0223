// SPDX-License-Identifier: MIT
// The plain and raw encodings: elements on their lines, indented, and data that cannot be taken for
// what it is not.
#include <algorithm>

#include "protocol/escape.h"
#include "protocol/replies/reply.h"
#include "protocol/reply_writer.h"

namespace reactord {
namespace {

// In a list an empty line would be the list's end.
constexpr std::string_view kPlainEmpty = "\"\"";

// Data that would read as an error line. In a push a blank follows, where `more_follows`.
bool reads_as_error(std::string_view bytes, bool more_follows) {
  constexpr std::string_view kWithoutBlank = kPlainErrorMark.substr(0, kPlainErrorMark.size() - 1);
  return bytes.starts_with(kPlainErrorMark) || (more_follows && bytes == kWithoutBlank);
}

void append_with_first_byte_escaped(Buffer& out, std::string_view bytes) {
  append_hex_escape(out, bytes.front());
  append_escaped(out, bytes.substr(1));
}

}  // namespace

bool ReplyWriter::at_map_key() const {
  const Level& level = levels_[depth_ - 1];
  return level.kind == Aggregate::map && level.elements_left % 2 == 0;
}

bool ReplyWriter::at_map_value() const {
  const Level& level = levels_[depth_ - 1];
  return level.kind == Aggregate::map && level.elements_left % 2 == 1;
}

// What needs no escape: digits and words of ours.
void ReplyWriter::append_word(std::string_view word) {
  begin_plain_element();
  out_.append(word);
}

void ReplyWriter::append_data(std::string_view bytes) {
  if (encoding_ == ReplyEncoding::raw) return out_.append(bytes);
  const bool begins_push = in_push() && !push_begun_;
  const bool nested = depth_ > 0;
  begin_plain_element();
  if (nested && bytes.empty()) return out_.append(kPlainEmpty);
  const bool reads_as_other =
      bytes == kPlainNil || (nested && bytes == kPlainEmpty) || reads_as_error(bytes, begins_push);
  if (reads_as_other) return append_with_first_byte_escaped(out_, bytes);
  append_escaped(out_, bytes);
}

void ReplyWriter::append_plain_lines(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;  // an empty line is the end of the reply
    append_data(line);
    out_.append('\n');
  }
}

// What stands before an element on its line.
void ReplyWriter::begin_plain_element() {
  if (encoding_ != ReplyEncoding::plain || depth_ == 0) return;
  if (in_push()) {
    if (push_begun_) out_.append(' ');
    push_begun_ = true;
  } else if (at_map_value()) {
    out_.append(' ');
  } else {
    append_indentation();
  }
}

// Returns whether the aggregate's first line begins with "- ". Lists in a list need the mark,
// because nothing else would tell where one ends and the next begins.
bool ReplyWriter::begin_plain_aggregate(std::size_t elements) {
  if (depth_ == 0 || in_push()) return false;
  if (at_map_value()) {
    out_.append('\n');
    return false;
  }
  if (elements > 0) return true;
  append_indentation();
  out_.append("-\n");
  return false;
}

void ReplyWriter::append_indentation() {
  for (std::size_t i = 1; i < depth_; ++i) {
    out_.append(levels_[i].bulleted ? "- " : "  ");
    levels_[i].bulleted = false;
  }
}

}  // namespace reactord
