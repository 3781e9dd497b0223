// SPDX-License-Identifier: MIT
// The daemon's own tables and keys, declared once, and the list of settings that CONFIG GET shows.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace reactord {

[[nodiscard]] std::span<const KeySpec> server_keys();
[[nodiscard]] std::span<const KeySpec> listener_keys();
[[nodiscard]] std::span<const KeySpec> tls_keys();
[[nodiscard]] std::span<const KeySpec> limit_keys();
[[nodiscard]] std::span<const KeySpec> deadline_keys();
[[nodiscard]] std::span<const KeySpec> log_keys();
[[nodiscard]] std::span<const KeySpec> limit_rule_keys();
[[nodiscard]] std::span<const KeySpec> module_keys();

/// A table that is there once: [server], [limits], [deadlines], [log].
struct ConfigTable {
  std::string_view name;
  std::span<const KeySpec> keys;
  void* (*settings)(Config&) = nullptr;
  const void* (*view)(const Config&) = nullptr;
};
[[nodiscard]] std::span<const ConfigTable> single_tables();

/// Why a key means nothing to this listener ("a command listener has no handler: ..."), or "" when
/// it does.
[[nodiscard]] std::string_view why_unused(std::string_view key, const ListenerSettings& listener);

[[nodiscard]] std::vector<Setting> settings_of(const Config& config,
                                               std::span<const HandlerTableSpec> handlers);

/// The listener of that name, or null.
[[nodiscard]] const ListenerSettings* find_listener(const Config& config, std::string_view name);
/// The [[limit]] of that name, or null.
[[nodiscard]] const LimitRuleSettings* find_limit_rule(const Config& config, std::string_view name);
[[nodiscard]] std::string limit_rule_path(const LimitRuleSettings& rule);
/// "listener.NAME", and where it listens.
[[nodiscard]] std::string listener_path(const ListenerSettings& listener);
[[nodiscard]] std::string addresses_of(const ListenerSettings& listener);
/// "listener.NAME.tls", and its certificates, or "no TLS".
[[nodiscard]] std::string tls_path(const ListenerSettings& listener);
[[nodiscard]] std::string certificates_of(const ListenerSettings& listener);
/// "/a.so /b.so", or "no module".
[[nodiscard]] std::string modules_of(const Config& config);
/// The settings struct of that handler, or null.
[[nodiscard]] const void* handler_settings(const Config& config, std::string_view name);

}  // namespace reactord
