// SPDX-License-Identifier: MIT
// What every simulated system call begins with. The functions of this folder are defined under the
// C library's names: the linker takes them before the C library's, for the daemon's objects and for
// the shared libraries, so that the daemon needs no seam. Where no simulation is active, they ask
// Linux.
//
// simulated.txt lists them, and harmless.txt what the daemon imports beside them, with the reason;
// imports.py holds both against the daemon's libraries.
#pragma once

#include <dlfcn.h>

#include <cerrno>

#include "tests/simulation/kernel/kernel.h"
#include "tests/simulation/model/heap.h"

namespace simulation {

/// As the C library does: an errno below 0 becomes -1 and errno.
template <class Result = long>
Result to_result(long result) {
  if (result >= 0) return static_cast<Result>(result);
  errno = static_cast<int>(-result);
  return static_cast<Result>(-1);
}

/// Answers a call by `answer(kernel)`, which returns a number or an errno below 0; traced under
/// `name`.
template <class Result, class Answer>
Result simulate(const char* name, std::int64_t about, Answer&& answer) {
  const OutsideOfDaemon outside;
  Kernel& kernel = *Kernel::active();
  return to_result<Result>(kernel.note(name, about, answer(kernel)));
}

/// The same, for what a signal may interrupt.
template <class Result, class Answer>
Result simulate_interruptible(const char* name, std::int64_t about, Answer&& answer) {
  return simulate<Result>(name, about, [&](Kernel& kernel) -> long {
    return kernel.happens(kernel.faults.interrupted) ? -EINTR : answer(kernel);
  });
}

[[nodiscard]] inline bool is_simulated() {
  return Kernel::active() != nullptr;
}

/// real_NAME: the C library's function, which ours stands in front of.
#define SIMULATION_REAL(name) \
  static auto* const real_##name = reinterpret_cast<decltype(&::name)>(::dlsym(RTLD_NEXT, #name))

}  // namespace simulation
