// SPDX-License-Identifier: MIT
#include "daemon/interface/commands/command_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "protocol/words.h"

namespace reactord {

std::string CommandRef::full_name() const {
  if (subcommand == nullptr) return std::string(command->name);
  return fmt::format("{}|{}", command->name, subcommand->name);
}

bool is_allowed(const CommandRef& command, CommandClasses allowed) {
  return allowed.has(command.command->command_class) && allowed.has(command.spec().command_class);
}

std::size_t count_allowed(std::span<const CommandSpec> subcommands, CommandClasses allowed) {
  return static_cast<std::size_t>(std::count_if(
      subcommands.begin(), subcommands.end(),
      [&](const CommandSpec& subcommand) { return allowed.has(subcommand.command_class); }));
}

CommandRef find_command(std::span<const CommandSpec* const> commands, std::string_view name) {
  // No name is longer than a line; what a client sends may be.
  constexpr std::size_t kMaxNameBytes = 64;
  if (name.size() > kMaxNameBytes) return {};
  const std::string wanted = lower_case(name);
  const auto found = std::lower_bound(
      commands.begin(), commands.end(), wanted,
      [](const CommandSpec* command, const std::string& key) { return command->name < key; });
  if (found == commands.end() || (*found)->name != wanted) return {};
  return {*found, nullptr};
}

CommandRef find_command(std::span<const CommandSpec* const> commands, std::string_view name,
                        std::string_view subcommand) {
  const CommandRef parent = find_command(commands, name);
  if (!parent) return {};
  for (const CommandSpec& candidate : parent.command->subcommands) {
    if (same_word(candidate.name, subcommand)) return {parent.command, &candidate};
  }
  return {};
}

CommandRef find_by_full_name(std::span<const CommandSpec* const> commands,
                             std::string_view full_name) {
  const std::size_t bar = full_name.find('|');
  if (bar == std::string_view::npos) return find_command(commands, full_name);
  return find_command(commands, full_name.substr(0, bar), full_name.substr(bar + 1));
}

void write_subcommand_help(const CommandSpec& command, CommandClasses allowed, ReplyWriter& reply) {
  reply.array(1 + 2 * count_allowed(command.subcommands, allowed));
  reply.simple(fmt::format("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
                           upper_case(command.name)));
  for (const CommandSpec& subcommand : command.subcommands) {
    if (!allowed.has(subcommand.command_class)) continue;
    const std::string_view gap = subcommand.synopsis.empty() ? "" : " ";
    reply.simple(fmt::format("{}{}{}", upper_case(subcommand.name), gap, subcommand.synopsis));
    reply.simple(fmt::format("    {}.", subcommand.summary));
  }
}

void throw_undeclared(const CommandSpec& command) {
  throw std::logic_error(fmt::format("no code for the command '{}'", command.name));
}

}  // namespace reactord
