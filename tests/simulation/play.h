// SPDX-License-Identifier: MIT
// Plays one script from start to end, in this process, which it may end (fail()): a process plays
// one. play_apart() does it in a process of its own.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "tests/simulation/script/script.h"

namespace simulation {

struct Played {
  std::uint64_t hash = 0;
  double simulated_seconds = 0;
  std::uint64_t turns = 0;
};

[[nodiscard]] Played play(const Script& script, std::FILE* trace_text);

struct PlayedApart {
  bool is_good = false;
  Played played;
  std::string problem;  ///< "rule: what"; of a crash or a hang, too
  /// What stands before the colon.
  [[nodiscard]] std::string rule() const { return problem.substr(0, problem.find(':')); }
};
[[nodiscard]] PlayedApart play_apart(const Script& script);

}  // namespace simulation
