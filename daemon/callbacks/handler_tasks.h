// SPDX-License-Identifier: MIT
// Work that handlers give to the workers: what it has come to is told through the one guard, and a
// handle whose result has been told, or never will be, is harmless.
#pragma once

#include <exception>
#include <functional>
#include <memory>

#include "daemon/callbacks/worker_pool.h"
#include "daemon/dispatch/handler_guard.h"
#include "daemon/interface/service.h"
#include "daemon/log/event_log.h"

namespace reactord {

class HandlerTasks {
 public:
  HandlerTasks(WorkerPool& workers, HandlerGuard& guard, EventLog& events)
      : workers_(workers), guard_(guard), events_(events) {}

  /// As Service::offload() says, for `caller`.
  [[nodiscard]] std::unique_ptr<Task> offload(HandlerCall caller, std::function<void()> work,
                                              std::function<void(std::exception_ptr)> done);

 private:
  WorkerPool& workers_;
  HandlerGuard& guard_;
  EventLog& events_;
};

}  // namespace reactord
