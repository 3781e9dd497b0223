// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/top/raw_terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tools/reactor-cli/command_line/failure.h"

namespace reactord::cli {
namespace {

// xterm's control sequences: another screen, without a cursor.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view kToTop = "\x1b[H";
constexpr std::string_view kEraseLine = "\x1b[K";

}  // namespace

RawTerminal::RawTerminal(Output& output) : output_(output) {
  if (::tcgetattr(STDIN_FILENO, &before_) != 0)
    throw Failure(ExitCode::usage, std::string("top: standard input is no terminal: ") +
                                       std::strerror(errno) + "; --json asks for none");
  take_again();
}

RawTerminal::~RawTerminal() {
  static_cast<void>(::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_));
  // Not through output_, which may be what has failed.
  static_cast<void>(!::write(STDOUT_FILENO, kLeave.data(), kLeave.size()));
}

/// Ctrl-C and Ctrl-Z stay signals.
void RawTerminal::take_again() {
  termios raw = before_;
  raw.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO));
  raw.c_iflag &= static_cast<tcflag_t>(~(ICRNL | IXON));
  static_cast<void>(::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw));
  output_.write(kEnter);
  output_.flush();
}

ScreenSize RawTerminal::size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
    return {};
  return {size.ws_col, size.ws_row};
}

void RawTerminal::draw(const std::vector<std::string>& lines) {
  std::string text(kToTop);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    text += lines[i];
    text += kEraseLine;
    if (i + 1 < lines.size()) text += "\r\n";
  }
  output_.write(text);
  output_.flush();
}

}  // namespace reactord::cli
