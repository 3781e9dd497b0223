// SPDX-License-Identifier: MIT
// Descriptors of handlers' own in the loop: each event is told through the one guard, to a watch
// that is still there. Owns no descriptor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "daemon/dispatch/handler_guard.h"
#include "daemon/interface/service.h"
#include "daemon/reactor/event_loop.h"

namespace reactord {

class HandlerWatches {
 public:
  /// The loop knows the watches as tokens from `first` to before `end`.
  HandlerWatches(EventLoop& loop, HandlerGuard& guard, Token first, Token end)
      : loop_(loop), guard_(guard), first_token_(first), end_token_(end), last_token_(end - 1) {}

  /// As Service::watch() says, for `caller`.
  [[nodiscard]] std::unique_ptr<Watch> watch(HandlerCall caller, int fd, Interest interest,
                                             std::function<void(FdEvent)> callback);
  [[nodiscard]] std::size_t size() const { return watches_.size(); }

  /// One of the tokens; harmless where its watch has gone.
  void on_event(Token token, Readiness readiness) noexcept;

 private:
  class LoopWatch;

  /// More than any service has backends and connections to them; each takes a descriptor from those
  /// that clients could have.
  static constexpr std::size_t kMaxWatches = 1024;

  [[nodiscard]] Token take_token();

  EventLoop& loop_;
  HandlerGuard& guard_;
  Token first_token_;
  Token end_token_;
  Token last_token_;  ///< that was given out; it is long until it comes again
  std::unordered_map<Token, LoopWatch*> watches_;
};

}  // namespace reactord
