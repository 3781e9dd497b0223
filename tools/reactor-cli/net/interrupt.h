// SPDX-License-Identifier: MIT
// Ctrl-C as a request to stop waiting instead of the program's end, for what is interactive alone.
#pragma once

namespace reactord::cli {

/// Makes SIGINT break system calls; before this call it ends the program, as it should elsewhere.
void catch_interrupts();

/// True once for each interrupt.
[[nodiscard]] bool take_interrupt();
/// True until it is taken.
[[nodiscard]] bool interrupt_pending();

}  // namespace reactord::cli
