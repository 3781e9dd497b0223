// SPDX-License-Identifier: MIT
// The handlers of this build: one line each, in registry.cpp.
#pragma once

#include <span>

#include "daemon/interface/handler_entry.h"

namespace reactord {

/// Those that every daemon has: connections, clients, help, statistics, administration.
[[nodiscard]] std::span<const HandlerEntry> builtin_handlers();
/// The job of reactord itself: TEXT and CEIL.
[[nodiscard]] std::span<const HandlerEntry> job_handlers();
/// Both.
[[nodiscard]] std::span<const HandlerEntry> handler_entries();
/// The tables of handler_entries(), for the configuration's loader; entries without keys included.
[[nodiscard]] std::span<const HandlerTableSpec> handler_tables();

}  // namespace reactord
