// SPDX-License-Identifier: MIT
// The one guard around every call into a handler. An exception ends here; it, a broken rule and a
// call that took too long are each told in one line of the log: which handler, which command, for
// which client, in which call, what it did and what would have been right. Knows neither
// connections nor replies.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "daemon/log/event_log.h"
#include "daemon/reactor/clock.h"
#include "daemon/reactor/out_of_memory.h"

namespace reactord {

/// A call into a handler, for the log. The views live as long as the handlers.
struct HandlerCall {
  std::string_view handler;
  std::string_view command;  ///< "client|list"; empty where no request is at hand
  std::string_view call;     ///< "handle()", "a timer's callback"
  std::uint64_t client = 0;  ///< 0: none
  std::string peer = {};     ///< empty: none, or not at hand
};

/// A rule that a handler has broken.
struct Breach {
  std::string did;
  std::string_view right;  ///< what would have been right
};

class HandlerGuard {
 public:
  HandlerGuard(const Clock& clock, EventLog& events) : clock_(clock), events_(events) {}

  [[nodiscard]] TimePoint now() const noexcept { return clock_.now(); }
  [[nodiscard]] EventLog& events() { return events_; }
  /// Calls that take longer are told (log.slow_handler).
  void set_slow(std::chrono::nanoseconds slow) { slow_ = slow; }
  [[nodiscard]] bool is_slow(std::chrono::nanoseconds time) const { return time > slow_; }

  /// Runs `body`; false if it threw. `describe` makes the HandlerCall, and only then. For the
  /// dispatcher, which measures many calls together.
  template <class Describe, class Body>
  bool run_unmeasured(Describe&& describe, Body&& body) noexcept {
    try {
      body();
      return true;
    } catch (...) {
      (void)has_memory_for([&] { report_exception(describe()); });
      return false;
    }
  }

  /// Runs `body`, and tells of it if it took too long; false if it threw.
  template <class Body>
  bool run(const HandlerCall& call, Body&& body) noexcept {
    const Caller caller(*this, call);
    const TimePoint begun = clock_.now();
    const bool is_good = run_unmeasured([&] { return call; }, body);
    const auto time = latest_time_ = clock_.now() - begun;
    if (is_slow(time)) report_slow(call, time, 1);
    return is_good;
  }

  /// How long the latest call of run() took.
  [[nodiscard]] std::chrono::nanoseconds latest_time() const { return latest_time_; }

  void report_breach(const HandlerCall& call, const Breach& breach);
  /// `calls` in a row took `time` together.
  void report_slow(const HandlerCall& call, std::chrono::nanoseconds time,
                   std::uint64_t calls) noexcept;

  /// Names who is called, as long as it lives: what is done meanwhile is done in the name of that.
  class Caller {
   public:
    Caller(HandlerGuard& guard, const HandlerCall& call) : guard_(guard), outer_(guard.calling_) {
      guard.calling_ = &call;
    }
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;
    ~Caller() { guard_.calling_ = outer_; }

   private:
    HandlerGuard& guard_;
    const HandlerCall* outer_;
  };
  /// The call of run() that is under way; null for none.
  [[nodiscard]] const HandlerCall* calling() const { return calling_; }

 private:
  /// How often one handler's faults of one kind are told, at most.
  struct Recent {
    TimePoint told{};
    std::uint64_t left_out = 0;
  };
  using Kind =
      std::tuple<std::string_view, Event, std::string_view>;  ///< handler, what, which call

  /// To be called while the exception is being handled.
  void report_exception(const HandlerCall& call);
  void report(Event event, const HandlerCall& call, EventField what, EventField more);
  [[nodiscard]] bool is_told(Event event, const HandlerCall& call, std::uint64_t& left_out);

  const Clock& clock_;
  EventLog& events_;
  std::chrono::nanoseconds slow_ = std::chrono::milliseconds(100);
  std::chrono::nanoseconds latest_time_{0};
  const HandlerCall* calling_ = nullptr;
  std::map<Kind, Recent> recent_;  ///< as many as there are handlers and kinds of faults
};

}  // namespace reactord
