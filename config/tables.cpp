// SPDX-License-Identifier: MIT
#include "config/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "config/text/toml_text.h"
#include "config/users/user_tables.h"
#include "config/value_types.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

constexpr ByteCount kib(std::uint64_t count) {
  return {count << 10};
}
constexpr ByteCount mib(std::uint64_t count) {
  return {count << 20};
}
constexpr ByteCount gib(std::uint64_t count) {
  return {count << 30};
}

/// fs.nr_open, the most descriptors that the kernel lets one process have, is 1,048,576 by default.
constexpr std::int64_t kMaxConnections = 1'000'000;
constexpr std::string_view kWhyMaxConnections =
    "each needs a descriptor, of which the kernel gives one process 1048576";
constexpr std::int64_t kMaxAdminConnections = 1000;
constexpr std::string_view kWhyMaxAdminConnections =
    "they are for people and their scripts, and set apart from max_connections";
/// The rules of a listener are made anew at each reload, on the loop.
constexpr std::int64_t kMaxProxySenders = 256;
constexpr std::int64_t kMaxWorkers = 64;
constexpr std::string_view kWhyMaxWorkers =
    "the services' TasksMax= allows no more, and a machine has not many more processors";
constexpr std::int64_t kMaxOffloaded = 100'000;
constexpr std::string_view kWhyMaxOffloaded = "whoever waits behind more has long given up";
/// One buffer holds at most 2 GiB (protocol/buffers/buffer.h), and a frame shares it with what
/// follows it.
constexpr ByteCount kMaxBuffered = mib(512);
constexpr std::string_view kWhyMaxBuffered = "a connection's buffer must stay well below 2GiB";

constexpr KeySpec kServerKeys[] = {
    key<&ServerSettings::max_connections>("max_connections", Apply::reload,
                                          {1, kMaxConnections, kWhyMaxConnections}),
    key<&ServerSettings::max_admin_connections>("max_admin_connections", Apply::restart,
                                                {1, kMaxAdminConnections, kWhyMaxAdminConnections}),
    key<&ServerSettings::max_http_connections>(
        "max_http_connections", Apply::restart,
        {1, 1000, "each takes 16 KiB, and a turn serves all"}),
    key<&ServerSettings::max_connections_per_address>("max_connections_per_address", Apply::reload,
                                                      {0, kMaxConnections, kWhyMaxConnections}),
    key<&ServerSettings::when_full>("when_full", Apply::reload),
    key<&ServerSettings::max_handshakes>("max_handshakes", Apply::reload,
                                         {1, kMaxConnections, kWhyMaxConnections}),
    key<&ServerSettings::workers>("workers", Apply::restart, {1, kMaxWorkers, kWhyMaxWorkers}),
    key<&ServerSettings::max_offloaded>("max_offloaded", Apply::restart,
                                        {1, kMaxOffloaded, kWhyMaxOffloaded}),
    key<&ServerSettings::max_before_login>("max_before_login", Apply::reload,
                                           {1, kMaxConnections, kWhyMaxConnections}),
    key<&ServerSettings::survive>("survive", Apply::restart),
};

constexpr KeySpec kListenerKeys[] = {
    key<&ListenerSettings::name>("name", Apply::reload, {1, 64}),
    key<&ListenerSettings::addresses>("address", Apply::reload, {1, 64}),
    key<&ListenerSettings::role>("role", Apply::reload),
    key<&ListenerSettings::framing>("framing", Apply::reload),
    key<&ListenerSettings::handler>("handler", Apply::reload),
    key<&ListenerSettings::inline_replies>("inline_replies", Apply::reload),
    key<&ListenerSettings::allow>("allow", Apply::reload),
    key<&ListenerSettings::proxy>("proxy", Apply::reload, {0, kMaxProxySenders}),
    key<&ListenerSettings::allow_commands>("allow_commands", Apply::reload),
    key<&ListenerSettings::require>("require", Apply::reload),
    key<&ListenerSettings::mode>("mode", Apply::reload),
    key<&ListenerSettings::group>("group", Apply::reload, {0, 256}),
    key<&ListenerSettings::backlog>("backlog", Apply::reload, {1, 65'535}),
};

/// PATH_MAX, as far as the kernel takes a name.
constexpr std::int64_t kMaxPath = 4095;
/// Each is a name that clients ask for, and is read anew at each reload.
constexpr std::int64_t kMaxCertificates = 64;
constexpr KeySpec kTlsKeys[] = {
    key<&TlsSettings::certificate>("certificate", Apply::reload, {1, kMaxCertificates}),
    key<&TlsSettings::key>("key", Apply::reload, {0, kMaxCertificates}),
    key<&TlsSettings::client_ca>("client_ca", Apply::reload, {0, kMaxPath}),
    key<&TlsSettings::client_auth>("client_auth", Apply::reload),
    key<&TlsSettings::min_version>("min_version", Apply::reload),
    key<&TlsSettings::ciphers>("ciphers", Apply::reload, {1, 4096}),
};

constexpr KeySpec kLimitKeys[] = {
    key<&LimitSettings::max_frame>("max_frame", Apply::reload,
                                   size_range(kib(1), kMaxBuffered, kWhyMaxBuffered)),
    key<&LimitSettings::max_arguments>(
        "max_arguments", Apply::reload,
        {8, std::int64_t{16} << 20, "HELLO with all of its options has 7"}),
    key<&LimitSettings::max_inline>("max_inline", Apply::reload,
                                    size_range({64}, kMaxBuffered, kWhyMaxBuffered)),
    key<&LimitSettings::output_high_water>("output_high_water", Apply::reload,
                                           size_range(kib(1), kMaxBuffered, kWhyMaxBuffered)),
    key<&LimitSettings::max_buffer_memory>("max_buffer_memory", Apply::reload,
                                           size_range(kib(64), gib(1024))),
};

constexpr KeySpec kDeadlineKeys[] = {
    key<&DeadlineSettings::handshake>("handshake", Apply::reload, duration_range(10ms, 1h)),
    key<&DeadlineSettings::first_request>("first_request", Apply::reload, duration_range(0ms, 24h)),
    key<&DeadlineSettings::login>("login", Apply::reload,
                                  duration_range(100ms, 1h, "whoever has not logged in is held")),
    key<&DeadlineSettings::frame>("frame", Apply::reload, duration_range(0ms, 24h)),
    key<&DeadlineSettings::idle>(
        "idle", Apply::reload,
        duration_range(0ms, 24h * 24, "the kernel counts 32 bits of milliseconds")),
    key<&DeadlineSettings::write_stall>("write_stall", Apply::reload, duration_range(0ms, 24h)),
    key<&DeadlineSettings::leave>("leave", Apply::reload, duration_range(0ms, 1h)),
    key<&DeadlineSettings::drain>("drain", Apply::reload, duration_range(10ms, 1h)),
    key<&DeadlineSettings::linger>(
        "linger", Apply::reload,
        duration_range(10ms, 60s, "a closed connection keeps its slot that long")),
};

constexpr KeySpec kLogKeys[] = {
    key<&LogSettings::level>("level", Apply::reload),
    key<&LogSettings::target>("target", Apply::reload, {1, 4095}),
    key<&LogSettings::format>("format", Apply::reload),
    key<&LogSettings::slow_handler>("slow_handler", Apply::reload, duration_range(1ms, 1h)),
    key<&LogSettings::levels>("levels", Apply::reload, {0, 64}),
    key<&LogSettings::access_sample>("access_sample", Apply::reload, {0, 1'000'000'000}),
    key<&LogSettings::access_target>("access_target", Apply::reload, {1, 4095}),
    key<&LogSettings::access_max_per_second>("access_max_per_second", Apply::reload,
                                             {1, 100'000, "each takes the loop some microseconds"}),
    key<&LogSettings::access_arguments>("access_arguments", Apply::reload),
};

constexpr std::int64_t kMaxSlowRequests = 1000;
constexpr KeySpec kSlowlogKeys[] = {
    key<&SlowlogSettings::slower_than>("slower_than", Apply::reload, duration_range(0ms, 1h)),
    key<&SlowlogSettings::deferred_slower_than>("deferred_slower_than", Apply::reload,
                                                duration_range(0ms, 1h)),
    key<&SlowlogSettings::max_requests>("max_requests", Apply::reload,
                                        {1, kMaxSlowRequests, "each may take 4 KiB"}),
};

constexpr KeySpec kLatencyKeys[] = {
    key<&LatencySettings::slow_turn>("slow_turn", Apply::reload, duration_range(0ms, 1h)),
};

template <auto Member>
constexpr ConfigTable table(std::string_view name, std::span<const KeySpec> keys) {
  return {name, keys, [](Config& config) -> void* { return &(config.*Member); },
          [](const Config& config) -> const void* { return &(config.*Member); }};
}

constexpr ConfigTable kSingleTables[] = {
    table<&Config::server>("server", kServerKeys),
    table<&Config::limits>("limits", kLimitKeys),
    table<&Config::deadlines>("deadlines", kDeadlineKeys),
    table<&Config::log>("log", kLogKeys),
    table<&Config::slowlog>("slowlog", kSlowlogKeys),
    table<&Config::latency>("latency", kLatencyKeys),
};

constexpr std::int64_t kMaxBurst = 1'000'000'000;
constexpr std::string_view kWhyMaxBurst = "nothing here comes faster";
constexpr std::int64_t kMaxExempt = 256;
constexpr std::int64_t kMaxLimitListeners = 64;
constexpr std::int64_t kMaxLimitClients = 16'777'216;
constexpr KeySpec kLimitRuleKeys[] = {
    key<&LimitRuleSettings::name>("name", Apply::reload, {1, 64}),
    key<&LimitRuleSettings::per>("per", Apply::reload),
    key<&LimitRuleSettings::listeners>("listeners", Apply::reload, {0, kMaxLimitListeners}),
    key<&LimitRuleSettings::connections>("connections", Apply::reload,
                                         {0, kMaxConnections, kWhyMaxConnections}),
    key<&LimitRuleSettings::connection_rate>("connection_rate", Apply::reload),
    key<&LimitRuleSettings::connection_burst>("connection_burst", Apply::reload,
                                              {0, kMaxBurst, kWhyMaxBurst}),
    key<&LimitRuleSettings::request_rate>("request_rate", Apply::reload),
    key<&LimitRuleSettings::request_burst>("request_burst", Apply::reload,
                                           {0, kMaxBurst, kWhyMaxBurst}),
    key<&LimitRuleSettings::byte_rate>("byte_rate", Apply::reload),
    key<&LimitRuleSettings::byte_burst>("byte_burst", Apply::reload, size_range({0}, gib(1024))),
    key<&LimitRuleSettings::action>("action", Apply::reload),
    key<&LimitRuleSettings::dry_run>("dry_run", Apply::reload),
    key<&LimitRuleSettings::exempt>("exempt", Apply::reload, {0, kMaxExempt}),
    key<&LimitRuleSettings::ipv6_prefix>("prefix", Apply::reload,
                                         {16, 128, "nobody has more than a /16"}),
    key<&LimitRuleSettings::clients>("clients", Apply::reload,
                                     {64, kMaxLimitClients, "each takes 40 bytes"}),
};

constexpr KeySpec kModuleKeys[] = {
    key<&ModuleSettings::path>("path", Apply::restart, {1, kMaxPath})};

bool any_unix(const ListenerSettings& listener) {
  return std::any_of(listener.addresses.begin(), listener.addresses.end(),
                     [](const Endpoint& at) { return at.kind == Endpoint::Kind::unix_path; });
}

bool all_unix(const ListenerSettings& listener) {
  return !listener.addresses.empty() &&
         std::all_of(listener.addresses.begin(), listener.addresses.end(),
                     [](const Endpoint& at) { return at.kind == Endpoint::Kind::unix_path; });
}

void add_settings(std::vector<Setting>& out, std::string_view path, std::span<const KeySpec> keys,
                  const void* settings) {
  for (const KeySpec& spec : keys) {
    out.push_back({fmt::format("{}.{}", path, spec.name), plain_text(spec.get(settings))});
  }
}

}  // namespace

std::span<const KeySpec> server_keys() {
  return kServerKeys;
}
std::span<const KeySpec> listener_keys() {
  return kListenerKeys;
}
std::span<const KeySpec> tls_keys() {
  return kTlsKeys;
}
std::span<const KeySpec> limit_keys() {
  return kLimitKeys;
}
std::span<const KeySpec> deadline_keys() {
  return kDeadlineKeys;
}
std::span<const KeySpec> log_keys() {
  return kLogKeys;
}
std::span<const KeySpec> limit_rule_keys() {
  return kLimitRuleKeys;
}
std::span<const KeySpec> module_keys() {
  return kModuleKeys;
}
std::span<const ConfigTable> single_tables() {
  return kSingleTables;
}

const void* handler_settings(const Config& config, std::string_view name) {
  const auto found = config.handlers.find(name);
  return found == config.handlers.end() ? nullptr : found->second.get();
}

const ListenerSettings* find_listener(const Config& config, std::string_view name) {
  const auto found = std::find_if(config.listeners.begin(), config.listeners.end(),
                                  [&](const ListenerSettings& each) { return each.name == name; });
  return found == config.listeners.end() ? nullptr : &*found;
}

const LimitRuleSettings* find_limit_rule(const Config& config, std::string_view name) {
  const auto found = std::find_if(config.limit_rules.begin(), config.limit_rules.end(),
                                  [&](const LimitRuleSettings& each) { return each.name == name; });
  return found == config.limit_rules.end() ? nullptr : &*found;
}

std::string limit_rule_path(const LimitRuleSettings& rule) {
  return fmt::format("limit.{}", rule.name);
}

std::string listener_path(const ListenerSettings& listener) {
  return fmt::format("listener.{}", listener.name);
}

std::string tls_path(const ListenerSettings& listener) {
  return listener_path(listener) + ".tls";
}

std::string certificates_of(const ListenerSettings& listener) {
  return listener.tls ? plain_text(listener.tls->certificate) : "no TLS";
}

std::string addresses_of(const ListenerSettings& listener) {
  return plain_text(ValueTraits<std::vector<Endpoint>>::show(listener.addresses));
}

std::string modules_of(const Config& config) {
  if (config.modules.empty()) return "no module";
  std::vector<std::string> paths;
  for (const ModuleSettings& module : config.modules) paths.push_back(module.path);
  return plain_text(paths);
}

/// Of an HTTP listener.
std::string_view why_unused_by_http(std::string_view key) {
  constexpr std::string_view kOfCommands[] = {"handler", "inline_replies", "allow_commands",
                                              "require"};
  if (std::ranges::find(kOfCommands, key) != std::end(kOfCommands))
    return "an HTTP listener takes no commands, and shows no secrets";
  if (key == "proxy") return "an HTTP listener reads no PROXY header";
  return {};
}

std::string_view why_unused(std::string_view key, const ListenerSettings& listener) {
  if (listener.role == ListenerRole::http)
    if (const std::string_view why = why_unused_by_http(key); !why.empty()) return why;
  const bool command = listener.framing == ListenerFraming::command;
  if (key == "handler" && command) {
    return "a command listener has no handler of its own: each request names its command";
  }
  if (key == "inline_replies" && !command) return "only a command listener has inline commands";
  if (key == "allow_commands" && !command) {
    return "only a command listener knows commands; this one has its handler";
  }
  if (key == "mode" && !any_unix(listener)) return "only Unix sockets have a mode";
  if (key == "group" && !any_unix(listener)) return "only Unix sockets have a group";
  if (key == "proxy" && listener.role == ListenerRole::admin) {
    return "administrators connect from this machine, and for nobody else";
  }
  if (key == "allow" && all_unix(listener) && listener.proxy.empty()) {
    return "peers of a Unix socket have no address; its mode says who may connect";
  }
  return {};
}

std::vector<Setting> settings_of(const Config& config, std::span<const HandlerTableSpec> handlers) {
  std::vector<Setting> out;
  for (const ConfigTable& each : kSingleTables) {
    add_settings(out, each.name, each.keys, each.view(config));
  }
  for (const ListenerSettings& listener : config.listeners) {
    add_settings(out, listener_path(listener), kListenerKeys, &listener);
    if (listener.tls) add_settings(out, tls_path(listener), kTlsKeys, &*listener.tls);
  }
  for (const LimitRuleSettings& rule : config.limit_rules) {
    add_settings(out, limit_rule_path(rule), kLimitRuleKeys, &rule);
  }
  add_user_settings(out, config);
  for (std::size_t i = 0; i < config.modules.size(); ++i) {
    add_settings(out, fmt::format("module.{}", i + 1), kModuleKeys, &config.modules[i]);
  }
  for (const HandlerTableSpec& handler : handlers) {
    const void* settings = handler_settings(config, handler.name);
    if (settings == nullptr) continue;
    if (!handler.is_repeated())
      add_settings(out, fmt::format("handlers.{}", handler.name), handler.keys, settings);
    else
      for (std::size_t i = 0; i < handler.repeated.size(settings); ++i)
        add_settings(out, fmt::format("{}.{}", handler.name, i + 1), handler.keys,
                     handler.repeated.at(settings, i));
  }
  return out;
}

}  // namespace reactord
