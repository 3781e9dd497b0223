// SPDX-License-Identifier: MIT
// What the process says when it crashes (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT): the signal, the
// address, what was being served, and a backtrace, to stderr, which in a service is the journal.
// Then the signal's default follows: the parent sees it, and the core is what the system is set up
// to keep. Knows no connection: whoever does tells of it (CrashDescriber).
//
// All of it happens in the handler, on a stack and in buffers of its own, by what signal-safety(7)
// allows.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "daemon/crash/crash_text.h"

namespace reactord {

/// Writes lines about what `what` was doing when its thread crashed. Anything of it may be broken:
/// it reads, calls nothing that may allocate or wait, and may crash itself, which ends the report.
using CrashDescriber = void (*)(CrashText& text, const void* what) noexcept;

/// From now on a crash is reported, the calling thread being the one that the describer knows
/// about. `program` stands at the beginning; `prefix` before each line. Both must last. Handlers
/// that others have installed, such as sanitizers, stay.
void install_crash_report(std::string_view program, std::string_view prefix);

/// As long as it lives, the report asks it.
class CrashDescription {
 public:
  CrashDescription(CrashDescriber describe, const void* what) noexcept;
  CrashDescription(const CrashDescription&) = delete;
  CrashDescription& operator=(const CrashDescription&) = delete;
  ~CrashDescription();
};

/// The calling thread's stack for the report, as long as it lives: of a thread that has used up its
/// own, nothing could be told otherwise.
class CrashStack {
 public:
  CrashStack();
  CrashStack(const CrashStack&) = delete;
  CrashStack& operator=(const CrashStack&) = delete;
  ~CrashStack();

 private:
  std::unique_ptr<std::byte[]> bytes_;
};

}  // namespace reactord
