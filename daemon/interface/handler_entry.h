// SPDX-License-Identifier: MIT
// What a handler's file ends with: how the daemon makes it, and its table in the configuration.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "daemon/interface/handler.h"

namespace reactord {

/// How one handler is made. `table.keys` is empty where there is nothing to configure.
struct HandlerEntry {
  std::string_view name;  ///< also of its [handlers.NAME] table, and what `listener.handler` says
  HandlerTableSpec table;
  /// `settings` is what table.make() gave, filled from the configuration; null without a table.
  std::unique_ptr<Handler> (*make)(Service& service, const void* settings) = nullptr;
  std::string origin = {};  ///< the path of its module; "" for what the program has itself
};

/// Of each its table, for the configuration's loader; entries without keys included.
[[nodiscard]] inline std::vector<HandlerTableSpec> tables_of(
    std::span<const HandlerEntry> entries) {
  std::vector<HandlerTableSpec> tables;
  for (const HandlerEntry& entry : entries) tables.push_back(entry.table);
  return tables;
}

namespace detail {
template <class H>
concept Configurable = requires {
  typename H::Settings;
};
}  // namespace detail

/// Of a handler class H with, if it has settings, `struct Settings` and
/// `static constexpr KeySpec kKeys[]`, and a constructor H(Service&, const Settings&) or
/// H(Service&).
template <class H>
[[nodiscard]] HandlerEntry handler_entry(std::string_view name) {
  if constexpr (detail::Configurable<H>) {
    return {name,
            {name, H::kKeys,
             [] { return std::shared_ptr<void>(std::make_shared<typename H::Settings>()); }},
            [](Service& service, const void* settings) -> std::unique_ptr<Handler> {
              return std::make_unique<H>(service,
                                         *static_cast<const typename H::Settings*>(settings));
            }};
  } else {
    return {name,
            {name, {}, [] { return std::shared_ptr<void>(); }},
            [](Service& service, const void*) -> std::unique_ptr<Handler> {
              return std::make_unique<H>(service);
            }};
  }
}

/// Of a handler class H that is configured by [[NAME]] tables: with `struct Settings` and kKeys for
/// one of them, `static std::string check(const Settings&)` (what is wrong with it though each key
/// is good, or ""), and a constructor H(Service&, const std::vector<Settings>&). reload() is given
/// such a vector, too.
template <class H>
[[nodiscard]] HandlerEntry repeated_handler_entry(std::string_view name) {
  using Settings = typename H::Settings;
  using List = std::vector<Settings>;
  return {
      name,
      {.name = name,
       .keys = H::kKeys,
       .make = [] { return std::shared_ptr<void>(std::make_shared<List>()); },
       .may_own_listener = false,
       .repeated = {
           .append = [](void* list) -> void* { return &static_cast<List*>(list)->emplace_back(); },
           .size = [](const void* list) { return static_cast<const List*>(list)->size(); },
           .at = [](const void* list, std::size_t i) -> const void* {
             return &static_cast<const List*>(list)->at(i);
           },
           .check = [](const void* one) { return H::check(*static_cast<const Settings*>(one)); }}},
      [](Service& service, const void* settings) -> std::unique_ptr<Handler> {
        return std::make_unique<H>(service, *static_cast<const List*>(settings));
      }};
}

/// The same for a handler that is no service of its own: no listener can be bound to it.
template <class H>
[[nodiscard]] HandlerEntry builtin_entry(std::string_view name) {
  HandlerEntry entry = handler_entry<H>(name);
  entry.table.may_own_listener = false;
  return entry;
}

}  // namespace reactord
