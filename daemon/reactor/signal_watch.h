// SPDX-License-Identifier: MIT
// Signals as input of the loop (signalfd(2)): they are blocked for the whole process and read in
// turn.
#pragma once

#include <initializer_list>
#include <optional>

#include "daemon/reactor/unique_fd.h"

namespace reactord {

class SignalWatch {
 public:
  /// Blocks `signals` and ignores SIGPIPE. Construct before any thread starts, since threads
  /// inherit the mask. Throws std::system_error.
  explicit SignalWatch(std::initializer_list<int> signals);

  [[nodiscard]] int fd() const { return fd_.get(); }
  /// The next signal that has come, if any.
  [[nodiscard]] std::optional<int> next() noexcept;

 private:
  UniqueFd fd_;
};

}  // namespace reactord
