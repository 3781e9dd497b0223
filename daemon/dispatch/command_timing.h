// SPDX-License-Identifier: MIT
// How long commands take, and how long their requests: two figures. A run of the same command
// within a batch is timed as a whole, and the batch's requests together: two readings of the clock
// and one, not some for each request.
//
// A command takes what its handler takes. A request takes from the turn of the loop in which its
// last byte had come (the time that it lay in the kernel until the loop woke is not known) until
// its batch was offered to the kernel; a reply that comes later, until it was handed over to its
// connection (PendingReplies), which sends it in this turn or the next. What the kernel did not
// take at once is counted no further: that is the client's time.
//
// Of a request's time some is its handler's, some is somebody's behind the daemon (PendingReplies),
// and the rest is what it has waited (CommandStats). What a client has cost is its batches' time,
// from their first call until they are sent.
//
// A slow run goes to the slow log. Which call of several it was is not known: for a while each is
// timed by itself then (looks_closely()).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "daemon/dispatch/call_context.h"
#include "daemon/dispatch/command_table.h"
#include "daemon/dispatch/handler_guard.h"
#include "daemon/reactor/clock.h"
#include "daemon/records/shown_words.h"
#include "daemon/records/slow_log.h"

namespace reactord {

class CommandTiming {
 public:
  /// `context` tells for whom the latest call was.
  CommandTiming(const Clock& clock, HandlerGuard& guard, SlowLog& slow_log,
                const CallContext& context)
      : clock_(clock), guard_(guard), slow_log_(slow_log), context_(context) {}

  using Words = std::span<const std::string_view>;
  /// Before each call, which counts in entry.stats.calls from then on. What `words` view must last
  /// until stop().
  void start(CommandEntry& entry, Words words) {
    if (timed_ != &entry) begin_run(entry, words);
  }
  void stop() {
    if (timed_ != nullptr) end_run();
  }
  /// A call since the last note_sent() has no reply yet.
  static void leave_out(CommandEntry& entry) { --entry.stats.unsent; }
  /// All that was run since the last time is answered; it had come at `arrived`.
  void note_sent(Connection& connection, TimePoint arrived) noexcept {
    if (first_listed_ != nullptr) count_sent(connection, arrived);
  }
  /// When the run of calls began that the latest one is of.
  [[nodiscard]] TimePoint run_began() const { return since_; }
  /// It will not be answered.
  void give_up() noexcept;
  /// Whoever calls should stop() behind each call.
  [[nodiscard]] bool looks_closely() const { return looks_closely_; }

 private:
  [[gnu::noinline]] void begin_run(CommandEntry& entry, Words words);
  [[gnu::noinline]] void end_run();
  void finish(TimePoint now);
  [[gnu::noinline]] void tell_slow(TimePoint now, std::uint64_t calls);
  [[nodiscard]] SlowRequest describe_slow(Duration time, std::uint64_t calls) const;
  [[gnu::noinline]] void count_sent(Connection& connection, TimePoint arrived) noexcept;
  template <class Each>
  void clear_list(Each&& each) noexcept;

  const Clock& clock_;
  HandlerGuard& guard_;
  SlowLog& slow_log_;
  const CallContext& context_;
  CommandEntry* timed_ = nullptr;
  TimePoint since_;
  std::uint64_t calls_before_ = 0;
  std::uint64_t deferred_before_ = 0;
  /// Of the run's first call, as many as are shown.
  std::array<std::string_view, ShortWords::kMaxWords> words_;
  std::size_t all_words_ = 0;
  bool looks_closely_ = false;
  TimePoint look_ends_;
  TimePoint batch_began_;                 ///< whose calls are not sent yet; none at 0
  CommandEntry* first_listed_ = nullptr;  ///< of those with a run that is not answered
};

}  // namespace reactord
