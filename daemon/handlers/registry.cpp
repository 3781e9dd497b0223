// SPDX-License-Identifier: MIT
#include "daemon/interface/registry.h"

#include <vector>

namespace reactord {

// The list of handlers: `HANDLER(greet)` stands for the function greet_handler(), with which
// greet.cpp ends. README.md shows a whole one.
#define REACTORD_HANDLERS(HANDLER) \
  HANDLER(admin)                   \
  HANDLER(ceil)                    \
  HANDLER(client)                  \
  HANDLER(command)                 \
  HANDLER(config)                  \
  HANDLER(connection)              \
  HANDLER(diagnostics)             \
  HANDLER(help)                    \
  HANDLER(info)                    \
  HANDLER(server_facts)            \
  HANDLER(text)                    \
  HANDLER(transaction)

#define DECLARE(name) HandlerEntry name##_handler();
#define CALL(name) name##_handler(),
REACTORD_HANDLERS(DECLARE)

std::span<const HandlerEntry> handler_entries() {
  static const HandlerEntry entries[] = {REACTORD_HANDLERS(CALL)};
  return entries;
}

std::span<const HandlerTableSpec> handler_tables() {
  static const std::vector<HandlerTableSpec> tables = [] {
    std::vector<HandlerTableSpec> collected;
    for (const HandlerEntry& entry : handler_entries()) collected.push_back(entry.table);
    return collected;
  }();
  return tables;
}

}  // namespace reactord
