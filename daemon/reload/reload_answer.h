// SPDX-License-Identifier: MIT
// How `reactord --reload PID` hears what became of its request. SIGHUP carries a number, which is
// the name of an abstract Unix socket (unix(7)) at which the answer is awaited. Without bind(2),
// which a service's filter of system calls may forbid: the kernel names the socket by itself.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "daemon/interface/service.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

struct ReloadAnswer {
  bool is_reloaded = false;
  std::string text;  ///< lines of what was applied, what was not, or what is wrong
};

/// The asking side.
class ReloadAnswerSocket {
 public:
  ReloadAnswerSocket();
  /// What SIGHUP is to carry; nothing where the system gives no such socket.
  [[nodiscard]] std::optional<int> number() const { return number_; }
  /// What `daemon` itself answers; nothing if it does not in time.
  [[nodiscard]] std::optional<ReloadAnswer> wait_for(pid_t daemon,
                                                     std::chrono::milliseconds patience) const;

 private:
  UniqueFd socket_;
  std::optional<int> number_;
};

/// The daemon's side. Nothing happens if `number` names nobody, or nobody listens.
void answer_reload(int number, const ReloadOutcome& outcome) noexcept;

}  // namespace reactord
