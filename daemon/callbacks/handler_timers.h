// SPDX-License-Identifier: MIT
// Timers of handlers: those of the loop, called back through the one guard.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "daemon/dispatch/handler_guard.h"
#include "daemon/interface/service.h"
#include "daemon/reactor/event_loop.h"

namespace reactord {

class HandlerTimers {
 public:
  HandlerTimers(EventLoop& loop, HandlerGuard& guard) : loop_(loop), guard_(guard) {}

  /// For `caller`, once, or each `interval`.
  [[nodiscard]] std::unique_ptr<Timer> call_after(HandlerCall caller,
                                                  std::chrono::milliseconds delay,
                                                  std::function<void()> callback);
  [[nodiscard]] std::unique_ptr<Timer> call_every(HandlerCall caller,
                                                  std::chrono::milliseconds interval,
                                                  std::function<void()> callback);

 private:
  [[nodiscard]] std::function<void()> guarded(HandlerCall caller, std::function<void()> callback);

  EventLoop& loop_;
  HandlerGuard& guard_;
};

}  // namespace reactord
