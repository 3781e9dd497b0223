// SPDX-License-Identifier: MIT
#include "daemon/records/request_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "daemon/records/shown_words.h"

namespace reactord {

namespace {

/// Stands for itself between quotes.
constexpr auto kIsPlain = [] {
  std::array<bool, 256> plain{};
  for (unsigned byte = ' '; byte <= '~'; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

bool is_plain(char c) {
  return kIsPlain[static_cast<unsigned char>(c)];
}

/// `n` of "\n"; 0 where there is none.
char letter_of(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    default:
      return 0;
  }
}

void append_byte(std::string& out, char c) {
  if (const char letter = letter_of(c)) {
    out += '\\';
    out += letter;
  } else {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
  }
}

}  // namespace

void append_quoted(std::string& out, std::string_view word, std::size_t max_bytes) {
  std::string_view rest = word.substr(0, max_bytes);
  out += '"';
  while (true) {
    const auto end = std::find_if_not(rest.begin(), rest.end(), is_plain);
    const auto plain = static_cast<std::size_t>(end - rest.begin());
    out.append(rest.substr(0, plain));
    if (end == rest.end()) break;
    append_byte(out, *end);
    rest.remove_prefix(plain + 1);
  }
  if (word.size() > max_bytes)
    fmt::format_to(std::back_inserter(out), "... ({} more bytes)", word.size() - max_bytes);
  out += '"';
}

void RequestFeed::begin(std::chrono::system_clock::time_point now, std::string_view peer) {
  using namespace std::chrono;
  const auto usec = duration_cast<microseconds>(now.time_since_epoch()).count();
  prefix_ = fmt::format("{}.{:06} [0 {}]", usec / 1'000'000, usec % 1'000'000, peer);
}

bool RequestFeed::wants_lines(TimePoint now, std::uint64_t requests) {
  if (!is_watched()) return false;
  if (now - window_began_ >= kWindow) {
    window_began_ = now;
    told_in_window_ = 0;
    if (std::exchange(rests_, false)) left_out_ += requests - rests_since_;
  } else if (!rests_ && told_in_window_ >= kMaxLinesPerWindow) {
    rests_ = true;
    rests_since_ = requests;
  }
  return !rests_;
}

void RequestFeed::add(std::span<const std::string_view> words, std::size_t first_secret) {
  if (count_ * watchers_ >= kMaxLinesPerBatch) {
    ++left_out_;
    return;
  }
  if (left_out_ > 0)
    fmt::format_to(std::back_inserter(lines_),
                   R"({} [0 reactord] "{} requests were left out")"
                   "\n",
                   prefix_.substr(0, prefix_.find(' ')), std::exchange(left_out_, 0));
  ++count_;
  const std::size_t before = lines_.size();
  lines_ += prefix_;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t used = lines_.size() - before;
    lines_ += ' ';
    if (used >= kMaxLineBytes) {
      fmt::format_to(std::back_inserter(lines_), "\"... ({} more arguments)\"", words.size() - i);
      break;
    }
    append_quoted(lines_, i < first_secret ? words[i] : ShortWords::kRedacted,
                  kMaxLineBytes - used);
  }
  lines_ += '\n';
}

std::size_t RequestFeed::end() {
  prefix_.clear();
  if (lines_.empty()) return 0;
  const std::size_t watchers = watchers_;
  const Diagnostics::RequestsTold told = told_;  // it may end the watch
  if (watchers > 0) told(lines_, count_);
  told_in_window_ += count_ * watchers;
  const std::size_t bytes = lines_.size() * watchers;
  lines_.clear();
  count_ = 0;
  return bytes;
}

}  // namespace reactord
