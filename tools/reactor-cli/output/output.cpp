// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/output/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/console/terminal.h"
#include "protocol/escape.h"
#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/output/wrap.h"

namespace reactord::cli {
namespace {

constexpr std::size_t kFlushBytes = 64u << 10;  // a pipe's capacity, pipe(7)

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
      color_(shows_colours(STDOUT_FILENO)),
      error_terminal_(::isatty(STDERR_FILENO) == 1),
      error_color_(shows_colours(STDERR_FILENO)) {}

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
  const std::string line = wrapped(fmt::format("reactor-cli: {}\n", shown), error_columns());
  static_cast<void>(write_all(STDERR_FILENO, line));
}

void Output::information(std::string_view text) {
  write(wrapped(text, terminal_ ? columns_of(STDOUT_FILENO) : 0));
  flush();
}

std::size_t Output::error_columns() const {
  return error_terminal_ ? columns_of(STDERR_FILENO) : 0;
}

void Output::server_error(std::string_view text) {
  const std::string shown =
      wrapped(error_terminal_ ? safe_for_terminal(text) : std::string(text), error_columns());
  const std::string line =
      error_color_ ? fmt::format("\x1b[31m{}\x1b[0m\n", shown) : fmt::format("{}\n", shown);
  static_cast<void>(write_all(STDERR_FILENO, line));
}

}  // namespace reactord::cli
