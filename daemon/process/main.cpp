// SPDX-License-Identifier: MIT
// reactord itself: the daemon with its own job, TEXT and CEIL.
#include "daemon/interface/registry.h"
#include "daemon/process/run.h"

int main(int argc, char** argv) {
  const auto jobs = reactord::job_handlers();
  return reactord::run(argc, argv, {jobs.begin(), jobs.end()});
}
