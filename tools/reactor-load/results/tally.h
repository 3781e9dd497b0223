// SPDX-License-Identifier: MIT
// What was counted: by group and by command. Each thread has one of its own; they are merged at the
// end. Knows nothing of how the figures are shown.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/reactor/clock.h"
#include "daemon/reactor/histogram.h"
#include "tools/reactor-load/results/verdict.h"

namespace reactord::load {

struct CommandTally {
  std::string label;
  std::uint64_t sent = 0;
  std::uint64_t replies = 0;
  std::uint64_t wrong = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t bytes_in = 0;
  Histogram latency;
};

struct GroupTally {
  std::string name;
  bool hostile = false;
  std::vector<CommandTally> commands;
  Histogram connect_latency;
  Histogram pauses;  ///< of each client the longest that it has waited for a reply
  std::uint64_t connects = 0;
  std::uint64_t connect_failures = 0;
  /// Why connections were not made, in words for people, and how often.
  std::map<std::string, std::uint64_t, std::less<>> connect_problems;
  std::uint64_t unconnected = 0;  ///< clients that wanted to connect and never were
  std::uint64_t unmeasured = 0;  ///< clients that connected, and had no reply while it was measured
  double planned_sends = 0;      ///< of a rate: what must have been sent, chance allowed for
  std::uint64_t sends_at_rate = 0;  ///< what was sent of that
  std::uint64_t missing = 0;
  std::uint64_t surplus = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t broken = 0;  ///< bytes that are no reply at all
  std::uint64_t closed_by_client = 0;
  std::uint64_t closed_by_server = 0;
  std::uint64_t closed_by_reset = 0;
  /// The last error that a connection was told before the server closed it, and how often.
  std::map<std::string, std::uint64_t, std::less<>> last_words;
  Histogram lateness;                    ///< of sends that were planned and that nothing held back
  std::uint64_t late = 0;                ///< more than kLate
  std::uint64_t held_back = 0;           ///< due while `pipeline` requests waited for their replies
  std::uint64_t unmatched_bytes_in = 0;  ///< what hostile groups were sent

  [[nodiscard]] std::uint64_t sent() const;
  [[nodiscard]] std::uint64_t replies() const;
  [[nodiscard]] std::uint64_t wrong() const;
  /// Everything that must not happen to an honest client.
  [[nodiscard]] std::uint64_t errors() const;
  [[nodiscard]] Histogram latency() const;
  void note_connect_problem(const std::string& cause);
  void note_last_words(const std::string& words);
  void merge(const GroupTally& other);
};

/// Later than this, a send counts as late.
inline constexpr Duration kLate = std::chrono::milliseconds(1);

/// One wrong, missing or surplus reply, for people.
struct Failure {
  std::string kind;  ///< "wrong reply", "missing reply", ...
  std::string group;
  std::string command;
  std::uint64_t client = 0;      ///< from 1, in its group
  std::uint64_t connection = 0;  ///< from 1, of that client
  std::uint64_t position = 0;    ///< from 1, of the request on its connection
  std::string request;
  std::string expected;
  std::string got;
};

[[nodiscard]] std::string to_string(const Failure& failure);

struct Tally {
  std::vector<GroupTally> groups;
  /// The first two of a kind and command; all are counted in the groups.
  std::vector<Failure> failures;
  TimePoint last_reply{};
  double busy_seconds = 0;  ///< of the loops, all threads together
  static constexpr std::size_t kKeptFailures = 10;
  static constexpr std::ptrdiff_t kKeptOfAKind = 2;

  void add_failure(Failure failure);
  void merge(const Tally& other);
  /// Zeros what is measured, and keeps what went wrong.
  void forget_figures();
  /// Of all groups that are not hostile.
  [[nodiscard]] GroupTally honest() const;
};

/// The threshold's metric in these figures; `seconds` is what rates are counted over.
[[nodiscard]] double measure(const Threshold& threshold, const GroupTally& group, double seconds);

}  // namespace reactord::load
