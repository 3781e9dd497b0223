// SPDX-License-Identifier: MIT
// Questions about declared commands that several handlers ask: find one by its words, whether a
// listener allows it, and the HELP of a command with subcommands.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "daemon/interface/command_spec.h"
#include "daemon/interface/handler.h"

namespace reactord {

/// A command, or a subcommand with the one that it belongs to. The specifications outlive it.
struct CommandRef {
  const CommandSpec* command = nullptr;     ///< null: there is none
  const CommandSpec* subcommand = nullptr;  ///< null: the command itself

  [[nodiscard]] explicit operator bool() const { return command != nullptr; }
  [[nodiscard]] const CommandSpec& spec() const { return subcommand ? *subcommand : *command; }
  /// Words in front of the arguments.
  [[nodiscard]] std::size_t words() const { return subcommand ? 2 : 1; }
  /// "ceil", "client|list"
  [[nodiscard]] std::string full_name() const;
};

/// A subcommand is allowed where its command is, too.
[[nodiscard]] bool is_allowed(const CommandRef& command, CommandClasses allowed);
[[nodiscard]] std::size_t count_allowed(std::span<const CommandSpec> subcommands,
                                        CommandClasses allowed);

/// `commands` is sorted by name. The words' case does not matter.
[[nodiscard]] CommandRef find_command(std::span<const CommandSpec* const> commands,
                                      std::string_view name);
[[nodiscard]] CommandRef find_command(std::span<const CommandSpec* const> commands,
                                      std::string_view name, std::string_view subcommand);
/// The same for "client|list".
[[nodiscard]] CommandRef find_by_full_name(std::span<const CommandSpec* const> commands,
                                           std::string_view full_name);

/// Redis' form of HELP: an array of lines, two for each subcommand that is allowed.
void write_subcommand_help(const CommandSpec& command, CommandClasses allowed, ReplyWriter& reply);

/// For the end of a handler's switch over its commands: a request for none of them, which would be
/// a fault of the program. Throws, which costs the client an error reply.
[[noreturn]] void throw_undeclared(const CommandSpec& command);

}  // namespace reactord
