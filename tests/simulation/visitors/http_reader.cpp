// SPDX-License-Identifier: MIT
#include "tests/simulation/visitors/http_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

namespace simulation {

namespace {

/// None of the daemon's is longer.
constexpr std::size_t kLongestLine = 4096;

[[noreturn]] void refuse(std::string_view what, std::string_view text) {
  throw std::runtime_error(fmt::format("{}: '{:.100}'", what, text));
}

/// Without its CR LF; nothing while it is not whole.
std::optional<std::string> take_line(std::string& received) {
  const std::size_t end = received.find("\r\n");
  if (end == std::string::npos) {
    if (received.size() > kLongestLine) refuse("a line without end", received);
    return std::nullopt;
  }
  std::string line = received.substr(0, end);
  received.erase(0, end + 2);
  return line;
}

std::size_t number_of(std::string_view text, int base) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) refuse("no number", text);
  return number;
}

std::string small(std::string_view text) {
  std::string letters(text);
  std::ranges::transform(letters, letters.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return letters;
}

}  // namespace

std::string_view HttpAnswer::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

bool HttpAnswer::is_last() const {
  const std::string connection = small(field("connection"));
  return connection == "close" || (is_old && connection != "keep-alive");
}

bool HttpReader::take(std::string& received, bool is_head) {
  if (std::exchange(is_whole_, false)) answer_ = {};
  while (!is_whole_ && step(received, is_head)) continue;
  if (is_whole_) state_ = State::head;
  return is_whole_;
}

bool HttpReader::take_end() {
  return std::exchange(state_, State::head) == State::until_end;
}

/// False where more has to come first.
bool HttpReader::step(std::string& received, bool is_head) {
  if (state_ == State::until_end || state_ == State::counted || state_ == State::chunk) {
    if (received.empty()) return false;
    take_bytes(received, state_ == State::chunk ? State::chunk_end : state_);
    return true;
  }
  const std::optional<std::string> line = take_line(received);
  if (!line) return false;
  switch (state_) {
    case State::head:
      read_head(*line);
      break;
    case State::fields:
      line->empty() ? void(state_ = state_of_body(is_head)) : read_field(*line);
      break;
    case State::chunk_size:
      left_ = number_of(*line, 16);
      state_ = left_ == 0 ? State::last_line : State::chunk;
      break;
    case State::chunk_end:
      if (!line->empty()) refuse("a chunk that does not end where it says", *line);
      state_ = State::chunk_size;
      break;
    default:
      if (!line->empty()) refuse("something behind the last chunk", *line);
      is_whole_ = true;
  }
  return true;
}

void HttpReader::take_bytes(std::string& received, State next) {
  const std::size_t n =
      state_ == State::until_end ? received.size() : std::min(left_, received.size());
  answer_.body.append(received, 0, n);
  received.erase(0, n);
  if (state_ == State::until_end) return;
  left_ -= n;
  if (left_ > 0) return;
  is_whole_ = state_ == State::counted;
  state_ = next;
}

/// "HTTP/1.1 200 OK"
void HttpReader::read_head(std::string_view line) {
  const bool is_known = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
  if (!is_known || line.size() < 13 || line[12] != ' ') refuse("no status line", line);
  answer_.is_old = line[7] == '0';
  answer_.status = static_cast<int>(number_of(line.substr(9, 3), 10));
  state_ = State::fields;
}

void HttpReader::read_field(std::string_view line) {
  const std::size_t colon = line.find(": ");
  if (colon == line.npos || colon == 0) refuse("no header field", line);
  const std::string name = small(line.substr(0, colon));
  if (name.find_first_of(" \t") != name.npos) refuse("no header field", line);
  if (!answer_.fields.emplace(name, line.substr(colon + 2)).second)
    refuse("a header field twice", line);
}

HttpReader::State HttpReader::state_of_body(bool is_head) {
  const std::string_view length = answer_.field("content-length");
  const bool is_chunked = answer_.field("transfer-encoding") == "chunked";
  if (is_chunked && !length.empty()) refuse("a length, and chunks", length);
  if (is_head) {
    is_whole_ = true;
    return State::head;
  }
  if (is_chunked) return State::chunk_size;
  if (length.empty()) {
    if (!answer_.is_last()) refuse("a body without end, and the connection goes on", "");
    return State::until_end;
  }
  left_ = number_of(length, 10);
  is_whole_ = left_ == 0;
  return State::counted;
}

}  // namespace simulation
