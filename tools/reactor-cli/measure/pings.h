// SPDX-License-Identifier: MIT
// PINGs one after another, and how long each took.
#pragma once

#include <chrono>
#include <functional>

#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/net/session.h"

namespace reactord::cli {

/// Between two lines, where -i does not say: redis-cli's second.
[[nodiscard]] std::chrono::milliseconds interval_of(const Options& options);

class Pings {
 public:
  /// Connects. Throws Failure, and Interrupted as the others do.
  explicit Pings(const Options& options);

  /// Milliseconds from sending to receiving. Throws Failure where the answer is an error.
  [[nodiscard]] double next();
  /// Until the next is due: redis-cli's hundred a second, which disturb nobody.
  void pause(Deadline at_most);

 private:
  const Options& options_;
  Session session_;
};

/// Plays `rounds` until they or Ctrl-C end it. Where Ctrl-C or a failure ends a round, too, what
/// was measured of it is shown by `finish_round`. Throws Failure.
void measure(const Options& options, const std::function<void(Pings&)>& rounds,
             const std::function<void()>& finish_round);

}  // namespace reactord::cli
