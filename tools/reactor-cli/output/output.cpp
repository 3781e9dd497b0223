// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/output/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "protocol/escape.h"
#include "tools/reactor-cli/command_line/failure.h"

namespace reactord::cli {
namespace {

constexpr std::size_t kFlushBytes = 64u << 10;  // a pipe's capacity, pipe(7)

// https://no-color.org: set and not empty.
bool colors_wanted() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') && terminal != nullptr &&
         std::strcmp(terminal, "dumb") != 0;
}

// Returns errno, or 0 when all was written.
int write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) data.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

std::string safe_for_terminal(std::string_view text) {
  Buffer shown;
  append_error_text(shown, text);
  return std::string(shown.view());
}

}  // namespace

Output::Output()
    : terminal_(::isatty(STDOUT_FILENO) == 1),
      color_(terminal_ && colors_wanted()),
      error_terminal_(::isatty(STDERR_FILENO) == 1),
      error_color_(error_terminal_ && colors_wanted()) {}

void Output::write(std::string_view data) {
  if (pending_.size() + data.size() < kFlushBytes) {
    pending_.append(data);
    return;
  }
  flush();
  write_now(data);
}

void Output::flush() {
  const std::string data = std::exchange(pending_, {});
  write_now(data);
}

void Output::flush_quietly() {
  static_cast<void>(write_all(STDOUT_FILENO, pending_));
  pending_.clear();
}

void Output::write_now(std::string_view data) {
  const int problem = write_all(STDOUT_FILENO, data);
  if (problem == EPIPE) throw OutputClosed{};
  if (problem != 0) {
    throw Failure(ExitCode::server_error,
                  fmt::format("cannot write the output: {}", std::strerror(problem)));
  }
}

void Output::message(std::string_view text) {
  const std::string shown = error_terminal_ ? safe_for_terminal(text) : std::string(text);
  // A message that nobody can read any more is no reason to fail.
  static_cast<void>(write_all(STDERR_FILENO, fmt::format("reactor-cli: {}\n", shown)));
}

void Output::server_error(std::string_view text) {
  const std::string shown = error_terminal_ ? safe_for_terminal(text) : std::string(text);
  const std::string line =
      error_color_ ? fmt::format("\x1b[31m{}\x1b[0m\n", shown) : fmt::format("{}\n", shown);
  static_cast<void>(write_all(STDERR_FILENO, line));
}

}  // namespace reactord::cli
