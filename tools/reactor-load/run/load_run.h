// SPDX-License-Identifier: MIT
// A run from its start to its result: starts the workers, follows them, puts their figures
// together. Shows nothing: what happens meanwhile goes to a listener.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tools/reactor-load/results/tally.h"
#include "tools/reactor-load/run/plan.h"
#include "tools/reactor-load/run/worker.h"

namespace reactord::load {

/// A stretch of the run, for charts.
struct Moment {
  double at = 0;       ///< its end, in seconds since the start
  double seconds = 0;  ///< its length
  std::uint64_t replies = 0;
  std::uint64_t errors = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t connected = 0;
  double p50 = 0, p90 = 0, p99 = 0, p999 = 0, most = 0;  ///< in nanoseconds; 0 without replies
};

/// At most so many: of a longer run two neighbours become one, again and again.
inline constexpr std::size_t kMostMoments = 600;

/// Appends, and halves the resolution where there are too many. Percentiles of two that become one
/// are the worse of the two, because theirs together can no longer be told.
class Series {
 public:
  void add(const Moment& moment);
  /// The last moments of a run are short: they are joined to those before.
  void finish();
  [[nodiscard]] const std::vector<Moment>& moments() const { return moments_; }

 private:
  std::vector<Moment> moments_;
  std::vector<Moment> pending_;
  std::size_t each_ = 1;  ///< of those given that make one of those kept
};

/// How far a run is, for who watches it.
struct Watched {
  double elapsed = 0;  ///< seconds
  double share = 0;    ///< 0 to 1 of the whole; below 0 if that is not known
  double seconds_left = 0;
  Moment last;  ///< what has happened since the last time
  std::uint64_t replies = 0;
  std::uint64_t errors = 0;
  std::uint64_t late = 0;
};

struct Result {
  Tally tally;
  std::vector<Moment> moments;
  double seconds = 0;       ///< that rates are counted over
  double cpu_seconds = 0;   ///< of this process, user and system
  double wall_seconds = 0;  ///< of which `cpu_seconds` and the loops' busy time are a share
  std::vector<Judgement> judgements;
  bool interrupted = false;

  [[nodiscard]] bool passed() const;
  [[nodiscard]] std::uint64_t errors() const;
};

/// Plays the plan. `watch` is called every kReportEvery; it returns false to end the run early.
[[nodiscard]] Result play(const Plan& plan, const std::function<bool(const Watched&)>& watch);

/// What a group with a rate must at least have sent in the measured time: chance, and the clients'
/// late starts, are no shortfall. 0 where requests or loops end the group, or it has no rate.
[[nodiscard]] double planned_sends(const Scenario& scenario, const Group& group, double seconds);

/// Holds the result against the scenario's thresholds, and against those that hold unless it has
/// its own: no errors, no client left out, and 95% of each planned rate.
void judge(const Scenario& scenario, Result& result);

}  // namespace reactord::load
