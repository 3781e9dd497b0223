// SPDX-License-Identifier: MIT
// What the loop is serving at this moment, for the report of a crash: who, which command, and
// lengths. Never contents: the report goes to the journal.
#pragma once

#include "daemon/connection/loop_context.h"
#include "daemon/crash/crash_report.h"
#include "daemon/dispatch/handler_guard.h"

namespace reactord {

class ServedNow {
 public:
  ServedNow(const LoopContext& loop, const HandlerGuard& guard) : loop_(loop), guard_(guard) {}
  ServedNow(const ServedNow&) = delete;
  ServedNow& operator=(const ServedNow&) = delete;

 private:
  static void describe(CrashText& text, const void* what) noexcept;
  void describe_connection(CrashText& text) const noexcept;
  static void describe_call(CrashText& text, const HandlerCall& call) noexcept;

  const LoopContext& loop_;
  const HandlerGuard& guard_;
  CrashDescription description_{&ServedNow::describe, this};
};

}  // namespace reactord
