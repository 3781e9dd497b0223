// SPDX-License-Identifier: MIT
// reactord itself: the daemon with its own job, TEXT and CEIL.
#include <cstdio>
#include <new>

#include "daemon/interface/registry.h"
#include "daemon/process/run.h"

int main(int argc, char** argv) try {
  const auto jobs = reactord::job_handlers();
  return reactord::run(argc, argv, {jobs.begin(), jobs.end()});
} catch (const std::bad_alloc&) {
  (void)std::fputs("reactord: cannot start: the system gives no memory\n", stderr);
  return 1;
}
