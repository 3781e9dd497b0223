// SPDX-License-Identifier: MIT
#include "daemon/reactor/signal_watch.h"

#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace reactord {

SignalWatch::SignalWatch(std::span<const int> signals) {
  ::sigemptyset(&signals_);
  for (const int signal : signals) ::sigaddset(&signals_, signal);
  if (::sigprocmask(SIG_BLOCK, &signals_, nullptr) != 0)
    throw std::system_error(errno, std::system_category(), "sigprocmask");
  // A peer that is gone is a result of send(), not a reason to die.
  ::signal(SIGPIPE, SIG_IGN);
  fd_ = UniqueFd(::signalfd(-1, &signals_, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd_) throw std::system_error(errno, std::system_category(), "signalfd");
}

std::optional<int> SignalWatch::waiting() const noexcept {
  sigset_t pending;
  if (::sigpending(&pending) != 0) return std::nullopt;
  for (int signal = NSIG - 1; signal > 0; --signal) {
    if (::sigismember(&signals_, signal) == 1 && ::sigismember(&pending, signal) == 1)
      return signal;
  }
  return std::nullopt;
}

std::optional<int> SignalWatch::take(int signal) noexcept {
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, signal);
  const timespec at_once{};
  siginfo_t info{};
  int taken = 0;
  do {
    taken = ::sigtimedwait(&one, &info, &at_once);
  } while (taken < 0 && errno == EINTR);
  if (taken < 0 || info.si_code != SI_QUEUE) return std::nullopt;
  return info.si_value.sival_int;
}

std::optional<int> SignalWatch::next() noexcept {
  const std::optional<int> signal = waiting();
  if (signal) take(*signal);
  return signal;
}

}  // namespace reactord
