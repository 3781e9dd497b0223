// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/net/interrupt.h"

#include <csignal>

namespace reactord::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

extern "C" void note_interrupt(int) {
  interrupted = 1;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = note_interrupt;  // without SA_RESTART: waits end with EINTR
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
}

bool take_interrupt() {
  const bool was_set = interrupted != 0;
  interrupted = 0;
  return was_set;
}

bool interrupt_pending() {
  return interrupted != 0;
}

}  // namespace reactord::cli
