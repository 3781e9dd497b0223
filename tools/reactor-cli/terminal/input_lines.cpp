// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/terminal/input_lines.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "tools/reactor-cli/command_line/failure.h"

namespace reactord::cli {
namespace {

constexpr std::size_t kReadBytes = 64u << 10;      // a pipe's capacity, pipe(7)
constexpr std::size_t kMaxLineBytes = 512u << 20;  // Redis' limit of one argument

}  // namespace

bool InputLines::has_line() {
  buffer_.consume(taken_);
  taken_ = 0;
  const std::string_view bytes = buffer_.view();
  searched_ = std::min(bytes.find('\n', searched_), bytes.size());
  return searched_ < bytes.size() || (ended_ && !bytes.empty());
}

std::optional<std::string_view> InputLines::next() {
  if (!has_line()) return std::nullopt;
  const std::string_view bytes = buffer_.view();
  std::string_view line = bytes.substr(0, searched_);
  taken_ = std::min(searched_ + 1, bytes.size());
  searched_ = 0;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void InputLines::read() {
  const std::span<char> room = buffer_.prepare(kReadBytes);
  const ssize_t bytes = ::read(STDIN_FILENO, room.data(), room.size());
  if (bytes > 0) buffer_.commit(static_cast<std::size_t>(bytes));
  if (bytes == 0) ended_ = true;
  if (bytes < 0 && errno != EINTR && errno != EAGAIN) {
    throw Failure(ExitCode::usage,
                  fmt::format("cannot read standard input: {}", std::strerror(errno)));
  }
  if (buffer_.size() > kMaxLineBytes) {
    throw Failure(ExitCode::usage, fmt::format("a line of more than {} bytes", kMaxLineBytes));
  }
}

}  // namespace reactord::cli
