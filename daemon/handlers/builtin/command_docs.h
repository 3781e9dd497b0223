// SPDX-License-Identifier: MIT
// How a declared command is told to client libraries and tools: the entries of COMMAND INFO and
// COMMAND DOCS, in Redis' shapes (https://redis.io/docs/latest/commands/command-docs/).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "daemon/interface/commands/command_set.h"

namespace reactord {

/// The number of words with the command's own, negative where there may be more: Redis' arity.
[[nodiscard]] std::int64_t arity_of(const CommandRef& command);

/// Redis' access categories that fit a class, each with its '@'.
[[nodiscard]] std::span<const std::string_view> categories_of(CommandClass command_class);

/// Writes one array. Subcommands that are not allowed are left out, here and below.
void write_command_info(const CommandRef& command, CommandClasses allowed, ReplyWriter& reply);

/// Writes two elements: the full name and a map.
void write_command_docs(const CommandRef& command, CommandClasses allowed, ReplyWriter& reply);

}  // namespace reactord
