// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/hash.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include "config/secrets/password_hash.h"
#include "config/secrets/secret_text.h"

namespace reactord::cli {
namespace {

/// What is typed is not shown, as long as it lives.
class Silence {
 public:
  Silence() {
    is_terminal_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!is_terminal_) return;
    // Ctrl-C waits until the terminal is as it was.
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGTSTP, SIGHUP}) sigaddset(&signals, signal);
    ::sigprocmask(SIG_BLOCK, &signals, &signals_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    (void)::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() {
    if (!is_terminal_) return;
    (void)::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    ::sigprocmask(SIG_SETMASK, &signals_, nullptr);
  }

 private:
  termios before_{};
  sigset_t signals_{};
  bool is_terminal_ = false;
};

[[noreturn]] void refuse(const std::string& problem) {
  throw Failure(ExitCode::usage, problem);
}

void say(std::string_view text) {
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

/// Byte by byte: what follows the line is not ours.
SecretText read_line() {
  SecretText line(PasswordHash::kMaxPasswordBytes + 1);
  const std::span<char> room = line.bytes();
  for (std::size_t at = 0; at < room.size(); ++at) {
    ssize_t got = 0;
    do {
      got = ::read(STDIN_FILENO, &room[at], 1);
    } while (got < 0 && errno == EINTR);
    if (got < 0) refuse(fmt::format("cannot read standard input: {}", std::strerror(errno)));
    if (got == 0 || room[at] == '\n') return SecretText(line.view().substr(0, at));
  }
  refuse(fmt::format("the password has more than {} bytes", PasswordHash::kMaxPasswordBytes));
}

SecretText ask(std::string_view question) {
  if (::isatty(STDIN_FILENO) == 0) return read_line();
  say(question);
  SecretText line;
  {
    const Silence silence;
    line = read_line();
  }
  say("\n");
  return line;
}

SecretText ask_for_password() {
  SecretText password = ask("Password: ");
  if (password.empty()) refuse("there is no password: type one, or pass it on standard input");
  if (password.view().find('\0') != std::string_view::npos) refuse("a password has no NUL byte");
  if (::isatty(STDIN_FILENO) != 0 &&
      !is_same_secret(ask("The same again: ").view(), password.view()))
    refuse("the two are not the same");
  return password;
}

std::string made(const Options& options) {
  if (!options.token) return make_password_hash(ask_for_password().view()) + "\n";
  const GeneratedToken token = make_token();
  return fmt::format("{}\n{}\n", token.text.view(), token.hash);
}

}  // namespace

ExitCode run_hash(const Options& options, Output& output) {
  try {
    output.write(made(options));
    output.flush();
  } catch (const Failure&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw Failure(ExitCode::server_error, error.what());
  }
  return ExitCode::success;
}

}  // namespace reactord::cli
