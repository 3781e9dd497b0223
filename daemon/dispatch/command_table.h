// SPDX-License-Identifier: MIT
// All commands of all handlers by name, with the statistics that INFO shows of each. Built at
// start, constant from then on but for these. A command with subcommands gets HELP by itself, made
// of their declarations. Looking up allocates nothing and ignores case.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/interface/handler.h"
#include "daemon/reactor/clock.h"
#include "daemon/reactor/histogram.h"

namespace reactord {

struct CommandEntry;

/// A request that was part of a trace (protocol/traceparent.h).
struct TracedRequest {
  std::string traceparent;
  std::chrono::nanoseconds latency{0};
  double answered_at = 0;  ///< seconds since 1970
};

struct CommandStats {
  std::uint64_t calls = 0;
  std::chrono::nanoseconds time{0};
  std::uint64_t rejected = 0;  ///< not run: wrong number of arguments
  std::uint64_t failed = 0;    ///< run, answered with an error
  /// From the turn in which a request had come until its reply was sent, or handed over to be;
  /// null before the first.
  std::unique_ptr<Histogram> latency;
  /// Of all that latency, what was neither the handler's time (`time`) nor `behind`: others were
  /// served, or sent to, those of its own batch among them.
  std::chrono::nanoseconds waited{0};
  /// ... and what somebody behind the daemon took, a worker or a backend: of replies that came
  /// later, from the call of the handler until they were there.
  std::chrono::nanoseconds behind{0};
  std::uint64_t deferred = 0;  ///< calls whose reply comes later
  /// The latest that was part of a trace, of those that `latency` counts; null before the first.
  std::unique_ptr<TracedRequest> traced;

  /// Requests were answered, which had come at `arrived`. Without memory for the first of them they
  /// are not counted.
  void note_latency(TimePoint arrived, TimePoint now, std::uint64_t requests = 1) noexcept;
  void note_traced(std::string_view traceparent, std::chrono::nanoseconds latency) noexcept;
  /// Those that are unsent were.
  void note_sent(TimePoint arrived, TimePoint now) noexcept;

  // CommandTiming's: whose replies are not sent yet, and how many; a list without allocations.
  std::uint64_t unsent = 0;
  std::chrono::nanoseconds unsent_time{0};  ///< that their handler has taken
  std::string unsent_trace;                 ///< that one of them was part of
  bool is_listed = false;
  CommandEntry* next_listed = nullptr;
};

/// A command, or a subcommand, and who answers it.
struct CommandEntry {
  const CommandSpec* spec = nullptr;
  Handler* handler = nullptr;
  std::string_view handler_name;
  std::string full_name;   ///< "ceil", "client|list"
  std::size_t number = 0;  ///< among all, subcommands too
  std::size_t words = 1;   ///< of its name: 2 for a subcommand
  bool is_letters = true;  ///< its name is nothing else
  std::vector<std::unique_ptr<CommandEntry>> subcommands;
  CommandStats stats;
};

class CommandTable {
 public:
  CommandTable();
  ~CommandTable();

  /// Adds the commands of `handler`. Throws std::logic_error, with the names, where two handlers
  /// declare one command, or where a declaration is malformed.
  void add(Handler& handler, std::string_view handler_name);

  /// Of a name that nobody declares, who answers for all of them; null if nobody does.
  [[nodiscard]] CommandEntry* find(std::string_view name) const;
  [[nodiscard]] static CommandEntry* find_subcommand(const CommandEntry& command,
                                                     std::string_view name);
  /// The first command of that handler, for listeners bound to one; null if there is none.
  [[nodiscard]] CommandEntry* first_of(std::string_view handler_name) const;

  /// Sorted by name; without CommandSpec::kAnyOther, which is no name that anybody can send.
  [[nodiscard]] std::span<const CommandSpec* const> specs() const { return specs_; }
  /// All of them, subcommands too: each has a number below it.
  [[nodiscard]] std::size_t size() const { return by_number_.size(); }
  [[nodiscard]] std::span<const std::unique_ptr<CommandEntry>> entries() const { return entries_; }
  /// By their numbers.
  [[nodiscard]] std::span<CommandEntry* const> by_number() const { return by_number_; }
  [[nodiscard]] std::vector<const std::string*> names() const;
  /// Stands for all names that are no command's, which clients choose: they share its statistics.
  [[nodiscard]] CommandEntry& unknown() { return unknown_; }
  [[nodiscard]] const CommandEntry& unknown() const { return unknown_; }

 private:
  /// A name's first 8 bytes in lower case, which tell commands apart at one comparison, and how
  /// long it is.
  struct Bucket {
    std::uint64_t prefix = 0;
    std::size_t length = 0;
    CommandEntry* entry = nullptr;
  };

  /// Out of line: nearly all names are told apart by their first 8 bytes, and need no call.
  [[nodiscard, gnu::noinline]] CommandEntry* find_long(std::string_view name) const;
  template <class IsMeant>
  [[nodiscard]] CommandEntry* search(std::string_view name, IsMeant&& is_meant) const;
  /// A command with the HELP that it has not declared, and who answers that.
  struct WithHelp;
  [[nodiscard]] const WithHelp* add_help(const CommandSpec& spec);
  void insert(std::unique_ptr<CommandEntry> entry);
  void rebuild_buckets();

  std::vector<std::unique_ptr<WithHelp>> with_help_;
  std::vector<std::unique_ptr<CommandEntry>> entries_;  ///< sorted by name
  std::vector<const CommandSpec*> specs_;
  std::vector<CommandEntry*> by_number_;
  /// Open addressing, at most half full, so that there is an empty one to end each search.
  std::vector<Bucket> buckets_ = std::vector<Bucket>(1);
  std::size_t bucket_mask_ = 0;  ///< their number, a power of two, less one
  CommandEntry* any_other_ = nullptr;
  CommandEntry unknown_;
};

}  // namespace reactord
