// SPDX-License-Identifier: MIT
#include "tests/simulation/model/verdict.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "tests/simulation/kernel/kernel.h"

namespace simulation {

void fail(std::string_view rule, const std::string& what) {
  const Kernel* kernel = Kernel::active();
  const double now =
      kernel == nullptr ? 0 : std::chrono::duration<double>(kernel->timeline.now()).count();
  fmt::print("FAILED {}: {} (at {:.6f} s, turn {})\n", rule, what, now,
             kernel == nullptr ? 0 : kernel->turns);
  std::fflush(nullptr);
  ::_exit(kFailed);
}

}  // namespace simulation
