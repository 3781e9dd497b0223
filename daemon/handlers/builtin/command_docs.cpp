// SPDX-License-Identifier: MIT
#include "daemon/handlers/builtin/command_docs.h"

#include <vector>

#include "daemon/interface/commands/synopsis.h"

namespace reactord {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::string_view kPublicFlags[] = {"loading", "stale", "fast"};
constexpr std::string_view kIntrospectionFlags[] = {"noscript", "loading", "stale"};
constexpr std::string_view kAdminFlags[] = {"admin", "noscript", "loading", "stale"};

constexpr std::string_view kPublicCategories[] = {"@fast"};
constexpr std::string_view kIntrospectionCategories[] = {"@slow", "@dangerous"};
constexpr std::string_view kAdminCategories[] = {"@admin", "@slow", "@dangerous"};

Words flags_of(CommandClass command_class) {
  switch (command_class) {
    case CommandClass::public_:
      return kPublicFlags;
    case CommandClass::introspection:
      return kIntrospectionFlags;
    case CommandClass::admin:
      return kAdminFlags;
  }
  return {};
}

/// The groups in which `HELP @GROUP` of redis-cli shows commands.
std::string_view group_of(CommandClass command_class) {
  switch (command_class) {
    case CommandClass::public_:
      return "public";
    case CommandClass::introspection:
      return "introspection";
    case CommandClass::admin:
      return "admin";
  }
  return {};
}

void write_words(Words words, ReplyWriter& reply) {
  reply.set(words.size());
  for (const std::string_view word : words) reply.simple(word);
}

void write_entry(std::string_view key, std::string_view value, ReplyWriter& reply) {
  reply.bulk(key);
  reply.bulk(value);
}

/// The subcommands of `command` that are allowed; none of a subcommand.
std::vector<CommandRef> subcommands_of(const CommandRef& command, CommandClasses allowed) {
  std::vector<CommandRef> found;
  for (const CommandSpec& subcommand : command.spec().subcommands) {
    const CommandRef ref{command.command, &subcommand};
    if (is_allowed(ref, allowed)) found.push_back(ref);
  }
  return found;
}

void write_arguments(const std::vector<SynopsisArgument>& arguments, ReplyWriter& reply);

void write_argument_flags(const SynopsisArgument& argument, ReplyWriter& reply) {
  reply.bulk("flags");
  reply.set((argument.optional ? 1u : 0u) + (argument.multiple ? 1u : 0u));
  if (argument.optional) reply.simple("optional");
  if (argument.multiple) reply.simple("multiple");
}

void write_argument(const SynopsisArgument& argument, ReplyWriter& reply) {
  const bool has_token = !argument.token.empty();
  const bool has_flags = argument.optional || argument.multiple;
  const bool has_parts = !argument.parts.empty();
  reply.map(2u + (has_token ? 1u : 0u) + (has_flags ? 1u : 0u) + (has_parts ? 1u : 0u));
  write_entry("name", argument.name, reply);
  write_entry("type", to_string(argument.type), reply);
  if (has_token) write_entry("token", argument.token, reply);
  if (has_flags) write_argument_flags(argument, reply);
  if (has_parts) {
    reply.bulk("arguments");
    write_arguments(argument.parts, reply);
  }
}

void write_arguments(const std::vector<SynopsisArgument>& arguments, ReplyWriter& reply) {
  reply.array(arguments.size());
  for (const SynopsisArgument& argument : arguments) write_argument(argument, reply);
}

}  // namespace

std::int64_t arity_of(const CommandRef& command) {
  const CommandSpec& spec = command.spec();
  const auto least = static_cast<std::int64_t>(command.words() + spec.min_arguments);
  const bool is_fixed = spec.min_arguments == spec.max_arguments && spec.subcommands.empty();
  return is_fixed ? least : -least;
}

std::span<const std::string_view> categories_of(CommandClass command_class) {
  switch (command_class) {
    case CommandClass::public_:
      return kPublicCategories;
    case CommandClass::introspection:
      return kIntrospectionCategories;
    case CommandClass::admin:
      return kAdminCategories;
  }
  return {};
}

void write_command_info(const CommandRef& command, CommandClasses allowed, ReplyWriter& reply) {
  const CommandSpec& spec = command.spec();
  reply.array(10);
  reply.bulk(command.full_name());
  reply.integer(arity_of(command));
  write_words(flags_of(spec.command_class), reply);
  for (int key_position = 0; key_position < 3; ++key_position) reply.integer(0);  // no keys
  write_words(categories_of(spec.command_class), reply);
  reply.set(0);  // tips
  reply.set(0);  // key specifications
  const std::vector<CommandRef> subcommands = subcommands_of(command, allowed);
  reply.set(subcommands.size());
  for (const CommandRef& subcommand : subcommands) write_command_info(subcommand, allowed, reply);
}

void write_command_docs(const CommandRef& command, CommandClasses allowed, ReplyWriter& reply) {
  const CommandSpec& spec = command.spec();
  const std::vector<SynopsisArgument> arguments = parse_synopsis(spec.synopsis);
  const std::vector<CommandRef> subcommands = subcommands_of(command, allowed);
  reply.bulk(command.full_name());
  reply.map(3u + (arguments.empty() ? 0u : 1u) + (subcommands.empty() ? 0u : 1u));
  write_entry("summary", spec.summary, reply);
  write_entry("since", spec.since, reply);
  write_entry("group", group_of(spec.command_class), reply);
  if (!arguments.empty()) {
    reply.bulk("arguments");
    write_arguments(arguments, reply);
  }
  if (subcommands.empty()) return;
  reply.bulk("subcommands");
  reply.map(subcommands.size());
  for (const CommandRef& subcommand : subcommands) write_command_docs(subcommand, allowed, reply);
}

}  // namespace reactord
