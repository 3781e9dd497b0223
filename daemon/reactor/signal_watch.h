// SPDX-License-Identifier: MIT
// Signals as input of the loop (signalfd(2) tells when): they are blocked for the whole process and
// taken in turn.
#pragma once

#include <csignal>
#include <initializer_list>
#include <optional>
#include <span>

#include "daemon/reactor/unique_fd.h"

namespace reactord {

class SignalWatch {
 public:
  /// Blocks `signals` and ignores SIGPIPE. Construct before any thread starts, since threads
  /// inherit the mask. Throws std::system_error.
  explicit SignalWatch(std::span<const int> signals);
  SignalWatch(std::initializer_list<int> signals)
      : SignalWatch(std::span<const int>(signals.begin(), signals.size())) {}

  [[nodiscard]] int fd() const { return fd_.get(); }
  /// A signal that has come, if any: the one with the highest number, so that SIGHUP, the lowest,
  /// cannot put off SIGTERM. It goes on waiting, and others can see that in /proc, until it is
  /// taken.
  [[nodiscard]] std::optional<int> waiting() const noexcept;
  /// The number that it carries, if it was sent by sigqueue(3).
  std::optional<int> take(int signal) noexcept;
  /// The next signal that has come, if any, taken.
  [[nodiscard]] std::optional<int> next() noexcept;

 private:
  sigset_t signals_{};
  UniqueFd fd_;
};

}  // namespace reactord
