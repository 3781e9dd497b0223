// SPDX-License-Identifier: MIT
// What was slow, as handlers see it: the commands' latencies and the records, by the Diagnostics
// interface.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "daemon/dispatch/command_table.h"
#include "daemon/dispatch/dispatcher.h"
#include "daemon/interface/diagnostics.h"
#include "daemon/reactor/histogram.h"
#include "daemon/records/turn_record.h"

namespace reactord {

class DaemonDiagnostics final : public Diagnostics {
 public:
  DaemonDiagnostics(const CommandTable& commands, Dispatcher& dispatcher)
      : commands_(commands), dispatcher_(dispatcher) {}

  /// Those of all commands together.
  [[nodiscard]] Histogram all_latencies() const;
  /// Calls `visit(entry)` for each command that has answered, the unknown ones as one at the end.
  template <class Visit>
  void for_each_answered(Visit&& visit) const {
    for (const CommandEntry* entry : commands_.by_number())
      if (entry->stats.latency) visit(*entry);
    if (commands_.unknown().stats.latency) visit(commands_.unknown());
  }
  [[nodiscard]] TurnRecord& turns() { return turns_; }
  /// Who knows how to begin a dump, which is of rooms above this one.
  using BeginDump = std::function<std::unique_ptr<StateDump>(std::string_view why)>;
  void set_begin_dump(BeginDump begin) { begin_dump_ = std::move(begin); }

  // --- Diagnostics ---
  bool next_latency(std::size_t& cursor, CommandLatency& latency) const override;
  [[nodiscard]] const SlowTurns& slow_turns() const override { return turns_.turns(); }
  void forget_slow_turns() override { turns_.forget(); }
  [[nodiscard]] SlowRequests slow_requests(std::size_t most) const override {
    return dispatcher_.slow_log().latest(most);
  }
  [[nodiscard]] std::size_t slow_request_count() const override {
    return dispatcher_.slow_log().size();
  }
  void forget_slow_requests() override { dispatcher_.slow_log().forget(); }
  void watch_requests(std::size_t watchers, RequestsTold told) override {
    dispatcher_.feed().watch(watchers, std::move(told));
  }
  [[nodiscard]] std::unique_ptr<StateDump> begin_dump(std::string_view why) const override {
    return begin_dump_(why);
  }

 private:
  const CommandTable& commands_;
  Dispatcher& dispatcher_;
  TurnRecord turns_;
  BeginDump begin_dump_;
};

}  // namespace reactord
