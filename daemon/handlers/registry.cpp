// SPDX-License-Identifier: MIT
#include "daemon/interface/registry.h"

#include <vector>

namespace reactord {

// The lists of handlers: `HANDLER(greet)` stands for the function greet_handler(), with which
// greet.cpp ends. README.md shows a whole one.
#define REACTORD_JOB_HANDLERS(HANDLER) \
  HANDLER(ceil)                        \
  HANDLER(text)

#if REACTORD_RELAY
#define REACTORD_RELAY_HANDLER(HANDLER) HANDLER(relay)
#else
#define REACTORD_RELAY_HANDLER(HANDLER)
#endif

#define REACTORD_BUILTIN_HANDLERS(HANDLER) \
  HANDLER(acl)                             \
  HANDLER(admin)                           \
  HANDLER(client)                          \
  HANDLER(command)                         \
  HANDLER(config)                          \
  HANDLER(connection)                      \
  HANDLER(debug)                           \
  HANDLER(health)                          \
  HANDLER(help)                            \
  HANDLER(info)                            \
  HANDLER(latency)                         \
  HANDLER(monitor)                         \
  REACTORD_RELAY_HANDLER(HANDLER)          \
  HANDLER(server_facts)                    \
  HANDLER(slowlog)                         \
  HANDLER(transaction)

#define DECLARE(name) HandlerEntry name##_handler();
#define CALL(name) name##_handler(),
REACTORD_JOB_HANDLERS(DECLARE)
REACTORD_BUILTIN_HANDLERS(DECLARE)

std::span<const HandlerEntry> builtin_handlers() {
  static const HandlerEntry entries[] = {REACTORD_BUILTIN_HANDLERS(CALL)};
  return entries;
}

std::span<const HandlerEntry> job_handlers() {
  static const HandlerEntry entries[] = {REACTORD_JOB_HANDLERS(CALL)};
  return entries;
}

std::span<const HandlerEntry> handler_entries() {
  static const HandlerEntry entries[] = {REACTORD_JOB_HANDLERS(CALL)
                                             REACTORD_BUILTIN_HANDLERS(CALL)};
  return entries;
}

std::span<const HandlerTableSpec> handler_tables() {
  static const std::vector<HandlerTableSpec> tables = tables_of(handler_entries());
  return tables;
}

}  // namespace reactord
