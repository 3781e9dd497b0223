// SPDX-License-Identifier: MIT
// When requests are due: the plan of one client in the open model, and the agenda of all who wait
// for a time. Knows no clock: times are given.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/reactor/clock.h"
#include "tools/reactor-load/scenario/generators.h"
#include "tools/reactor-load/scenario/scenario.h"

namespace reactord::load {

/// Planned times of requests, whatever becomes of them: a late one does not move the next.
class Pacer {
 public:
  /// `interval` is the mean time between two requests of this client; the first is due at `first`,
  /// or an arrival later where arrivals are random.
  Pacer(TimePoint first, std::chrono::duration<double> interval, Arrivals arrivals,
        std::uint64_t seed);

  [[nodiscard]] TimePoint due() const { return due_; }
  void advance();

 private:
  [[nodiscard]] std::chrono::duration<double> gap();

  TimePoint first_;
  std::chrono::duration<double> interval_;
  Arrivals arrivals_;
  Rng rng_;
  // Counted from the first, so that no rounding adds up.
  std::uint64_t number_ = 0;
  std::chrono::duration<double> offset_{0};
  TimePoint due_;
};

/// Who is to be woken when. Cancelling is the owner's: a ticket that is no longer valid is ignored.
class Agenda {
 public:
  struct Entry {
    TimePoint when;
    std::uint32_t who = 0;
    std::uint32_t ticket = 0;
  };

  void add(const Entry& entry);
  [[nodiscard]] std::optional<TimePoint> next() const;
  /// Takes the earliest entry that is due; nothing when none is.
  [[nodiscard]] std::optional<Entry> pop_due(TimePoint now);

 private:
  std::vector<Entry> heap_;
};

}  // namespace reactord::load
