// SPDX-License-Identifier: MIT
#include "config/reload.h"

#include <fmt/format.h>

#include "config/tables.h"
#include "config/users/user_tables.h"

namespace reactord {

namespace {

void add_changes(std::vector<Change>& out, std::string_view path, std::span<const KeySpec> keys,
                 const void* before, const void* after) {
  for (const KeySpec& spec : keys) {
    const ConfigValue old_value = spec.get(before);
    const ConfigValue new_value = spec.get(after);
    if (old_value == new_value) continue;
    out.push_back({fmt::format("{}.{}", path, spec.name), plain_text(old_value),
                   plain_text(new_value), spec.apply});
  }
}

void add_tls_changes(std::vector<Change>& out, const ListenerSettings& before,
                     const ListenerSettings& after) {
  if (before.tls && after.tls)
    return add_changes(out, tls_path(before), tls_keys(), &*before.tls, &*after.tls);
  if (before.tls || after.tls)
    out.push_back(
        {tls_path(before), certificates_of(before), certificates_of(after), Apply::reload});
}

void add_listener_changes(std::vector<Change>& out, const Config& before, const Config& after) {
  for (const ListenerSettings& old_one : before.listeners) {
    if (const ListenerSettings* new_one = find_listener(after, old_one.name)) {
      add_changes(out, listener_path(old_one), listener_keys(), &old_one, new_one);
      add_tls_changes(out, old_one, *new_one);
    } else {
      out.push_back({listener_path(old_one), addresses_of(old_one), "no listener", Apply::reload});
    }
  }
  for (const ListenerSettings& new_one : after.listeners) {
    if (find_listener(before, new_one.name) != nullptr) continue;
    out.push_back({listener_path(new_one), "no listener", addresses_of(new_one), Apply::reload});
  }
}

void add_limit_rule_changes(std::vector<Change>& out, const Config& before, const Config& after) {
  for (const LimitRuleSettings& old_one : before.limit_rules) {
    if (const LimitRuleSettings* new_one = find_limit_rule(after, old_one.name)) {
      add_changes(out, limit_rule_path(old_one), limit_rule_keys(), &old_one, new_one);
    } else {
      out.push_back({limit_rule_path(old_one), "a limit", "no limit", Apply::reload});
    }
  }
  for (const LimitRuleSettings& new_one : after.limit_rules) {
    if (find_limit_rule(before, new_one.name) == nullptr)
      out.push_back({limit_rule_path(new_one), "no limit", "a limit", Apply::reload});
  }
}

void add_handler_changes(std::vector<Change>& out, const HandlerTableSpec& handler,
                         const void* before, const void* after) {
  if (!handler.is_repeated())
    return add_changes(out, fmt::format("handlers.{}", handler.name), handler.keys, before, after);
  const RepeatedTable& tables = handler.repeated;
  if (tables.size(before) != tables.size(after)) {
    const auto counted = [&](const void* list) {
      return fmt::format("{} tables", tables.size(list));
    };
    return out.push_back(
        {std::string(handler.name), counted(before), counted(after), Apply::restart});
  }
  for (std::size_t i = 0; i < tables.size(before); ++i)
    add_changes(out, fmt::format("{}.{}", handler.name, i + 1), handler.keys, tables.at(before, i),
                tables.at(after, i));
}

/// The value was checked when it was loaded: setting it again cannot fail.
void copy_reloadable(std::span<const KeySpec> keys, const void* from, void* to) {
  for (const KeySpec& spec : keys)
    if (spec.apply == Apply::reload) (void)spec.set(to, spec.get(from), spec.range);
}

void merge_keys(std::span<const KeySpec> keys, const void* running, const void* loaded,
                void* merged) {
  for (const KeySpec& spec : keys)
    (void)spec.set(merged, spec.get(spec.apply == Apply::reload ? loaded : running), spec.range);
}

std::shared_ptr<void> merged_handler(const HandlerTableSpec& handler, const void* running,
                                     const void* loaded) {
  std::shared_ptr<void> merged = handler.make();
  if (!handler.is_repeated()) {
    merge_keys(handler.keys, running, loaded, merged.get());
    return merged;
  }
  const RepeatedTable& tables = handler.repeated;
  const bool is_same_list = tables.size(running) == tables.size(loaded);
  for (std::size_t i = 0; i < tables.size(running); ++i) {
    const void* const one = tables.at(running, i);
    merge_keys(handler.keys, one, is_same_list ? tables.at(loaded, i) : one,
               tables.append(merged.get()));
  }
  return merged;
}

}  // namespace

std::vector<Change> changes_between(const Config& before, const Config& after,
                                    std::span<const HandlerTableSpec> handlers) {
  std::vector<Change> out;
  for (const ConfigTable& each : single_tables()) {
    add_changes(out, each.name, each.keys, each.view(before), each.view(after));
  }
  add_listener_changes(out, before, after);
  add_limit_rule_changes(out, before, after);
  add_user_changes(out, before, after);
  if (modules_of(before) != modules_of(after))
    out.push_back({"module", modules_of(before), modules_of(after), Apply::restart});
  for (const HandlerTableSpec& handler : handlers) {
    const void* old_settings = handler_settings(before, handler.name);
    const void* new_settings = handler_settings(after, handler.name);
    if (old_settings == nullptr || new_settings == nullptr) continue;
    add_handler_changes(out, handler, old_settings, new_settings);
  }
  return out;
}

Config merge_reloadable(const Config& running, const Config& loaded,
                        std::span<const HandlerTableSpec> handlers) {
  Config merged = running;
  for (const ConfigTable& table : single_tables())
    copy_reloadable(table.keys, table.view(loaded), table.settings(merged));
  // There is no key of theirs that a reload does not apply.
  merged.listeners = loaded.listeners;
  merged.limit_rules = loaded.limit_rules;
  merged.users = loaded.users;
  for (const HandlerTableSpec& handler : handlers) {
    const void* before = handler_settings(running, handler.name);
    const void* after = handler_settings(loaded, handler.name);
    if (before != nullptr && after != nullptr)
      merged.handlers[std::string(handler.name)] = merged_handler(handler, before, after);
  }
  return merged;
}

}  // namespace reactord
