// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/terminal/terminal_wait.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>
#include <utility>

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/net/interrupt.h"

namespace reactord::cli {
namespace {

volatile std::sig_atomic_t resized = 0;
volatile std::sig_atomic_t continued = 0;

extern "C" void note_signal(int signal) {
  if (signal == SIGWINCH) resized = 1;
  if (signal == SIGCONT) continued = 1;
}

// Holds the signals back while it lives, but for the wait itself.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGINT, SIGWINCH, SIGCONT}) ::sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, &before_);
  }
  ~SignalsBlocked() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  [[nodiscard]] const sigset_t& before() const { return before_; }

 private:
  sigset_t before_{};
};

TerminalEvents take_signals() {
  TerminalEvents events;
  events.interrupted = interrupt_pending();
  events.resized = resized != 0;
  events.continued = continued != 0;
  resized = 0;
  continued = 0;
  return events;
}

bool any(const TerminalEvents& events) {
  return events.interrupted || events.resized || events.continued;
}

timespec time_until(Clock::time_point when) {
  using std::chrono::nanoseconds;
  const auto left = std::max(nanoseconds(when - Clock::now()), nanoseconds(0));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  return {static_cast<std::time_t>(seconds.count()), static_cast<long>((left - seconds).count())};
}

// As ppoll(2), which ends with a signal, too: then negative.
int wait_unblocked(std::span<pollfd> fds, Deadline deadline, const sigset_t& mask) {
  timespec left{};
  if (deadline) left = time_until(*deadline);
  const int ready = ::ppoll(fds.data(), fds.size(), deadline ? &left : nullptr, &mask);
  if (ready < 0 && errno != EINTR) {
    throw Failure(ExitCode::cannot_connect, fmt::format("poll: {}", std::strerror(errno)));
  }
  return ready;
}

}  // namespace

void catch_terminal_signals() {
  catch_interrupts();
  struct sigaction action {};
  action.sa_handler = note_signal;  // without SA_RESTART: waits end with EINTR
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGWINCH, &action, nullptr);
  ::sigaction(SIGCONT, &action, nullptr);
}

TerminalEvents wait_on_terminal(std::span<pollfd> fds, Deadline deadline) {
  for (pollfd& fd : fds) fd.revents = 0;
  int ready = 0;
  {
    const SignalsBlocked blocked;
    const TerminalEvents events = take_signals();
    if (any(events)) return events;
    ready = wait_unblocked(fds, deadline, blocked.before());
  }
  // Where a descriptor is ready, the kernel leaves a signal pending: it came just now.
  TerminalEvents events = take_signals();
  events.timed_out = ready == 0;
  return events;
}

}  // namespace reactord::cli
