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

namespace reactord {

struct CommandStats {
  std::uint64_t calls = 0;
  std::chrono::nanoseconds time{0};
  std::uint64_t rejected = 0;  ///< not run: wrong number of arguments
  std::uint64_t failed = 0;    ///< run, answered with an error
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
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<const std::unique_ptr<CommandEntry>> entries() const { return entries_; }

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
  /// Open addressing, at most half full, so that there is an empty one to end each search.
  std::vector<Bucket> buckets_ = std::vector<Bucket>(1);
  std::size_t bucket_mask_ = 0;  ///< their number, a power of two, less one
  std::size_t size_ = 0;
  CommandEntry* any_other_ = nullptr;
};

}  // namespace reactord
