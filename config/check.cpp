// SPDX-License-Identifier: MIT
#include "config/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "config/tables.h"
#include "config/text/suggest.h"
#include "config/text/toml_text.h"
#include "config/users/user_tables.h"

namespace reactord {
namespace {

/// Each has a descriptor and a place in the status output; and pairs of them are compared.
constexpr std::size_t kMaxListeners = 64;

bool good_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string size_text(const ByteCount& size) {
  return plain_text(ValueTraits<ByteCount>::show(size));
}

class Checker {
 public:
  Checker(const Config& config, std::span<const HandlerTableSpec> handlers, const KeyPlaces& places,
          std::vector<ConfigProblem>& problems)
      : config_(config), handlers_(handlers), places_(places), problems_(problems) {}

  void run() {
    check_limits();
    check_log();
    check_modules();
    check_limit_rules();
    if (config_.listeners.size() > kMaxListeners) {
      report(listener_path(kMaxListeners),
             fmt::format("there are more than {} listeners", kMaxListeners));
      return;
    }
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) check_listener(i);
    check_users(config_, places_, problems_);
  }

 private:
  void check_modules() {
    if (config_.modules.size() > kMaxModules) {
      report(module_path(kMaxModules), fmt::format("there are more than {} modules", kMaxModules));
    }
    for (std::size_t i = 0; i < config_.modules.size(); ++i)
      if (config_.modules[i].path.empty()) report(module_path(i), "[[module]] needs a path");
  }

  void check_limit_rules() {
    if (config_.limit_rules.size() > kMaxLimitRules) {
      report(rule_path(kMaxLimitRules),
             fmt::format("there are more than {} limits", kMaxLimitRules));
      return;
    }
    for (std::size_t i = 0; i < config_.limit_rules.size(); ++i) {
      check_rule_name(i);
      check_rule_listeners(i);
      check_rule_rates(i);
    }
  }

  void check_rule_name(std::size_t index) {
    const std::string& name = config_.limit_rules[index].name;
    const std::string path = rule_path(index) + ".name";
    if (!is_good(path)) return;
    if (!good_name(name))
      report(path, fmt::format("limit.name: {} has more than letters, digits, '.', '_' and '-'",
                               shown(name)));
    for (std::size_t i = 0; i < index; ++i) {
      if (config_.limit_rules[i].name != name) continue;
      report(is_set(path) ? path : rule_path(index),
             fmt::format("limit.name: {} is the name of another limit already", shown(name)));
      return;
    }
  }

  void check_rule_listeners(std::size_t index) {
    const std::string path = rule_path(index) + ".listeners";
    if (!is_good(path)) return;
    std::vector<std::string_view> names;
    for (const ListenerSettings& listener : config_.listeners) names.push_back(listener.name);
    for (const std::string& name : config_.limit_rules[index].listeners) {
      const auto found = std::ranges::find(config_.listeners, name, &ListenerSettings::name);
      if (found == config_.listeners.end())
        report(path, fmt::format("limit.listeners: there is no listener {}{}", shown(name),
                                 suggestion(name, names)));
      else if (found->role == ListenerRole::http)
        report(path, fmt::format("limit.listeners: {} speaks HTTP, which no limit counts; "
                                 "server.max_http_connections and listener.allow bound it",
                                 shown(name)));
    }
  }

  /// A limit that limits nothing, and a burst of nothing, are slips.
  void check_rule_rates(std::size_t index) {
    const LimitRuleSettings& rule = config_.limit_rules[index];
    const std::string path = rule_path(index);
    const bool are_good = is_good(path + ".connections") && is_good(path + ".connection_rate") &&
                          is_good(path + ".request_rate") && is_good(path + ".byte_rate");
    if (!are_good) return;
    if (rule.connections == 0 && rule.connection_rate.count == 0 && rule.request_rate.count == 0 &&
        rule.byte_rate.rate.count == 0)
      report(path,
             "[[limit]] limits nothing: it needs one of connections, connection_rate, "
             "request_rate and byte_rate");
    check_burst(path, "connection", rule.connection_rate.count, rule.connection_burst > 0);
    check_burst(path, "request", rule.request_rate.count, rule.request_burst > 0);
    check_burst(path, "byte", rule.byte_rate.rate.count, rule.byte_burst.bytes > 0);
  }

  void check_burst(const std::string& path, std::string_view what, std::uint64_t rate,
                   bool has_burst) {
    if (rate == 0 && has_burst)
      report(fmt::format("{}.{}_burst", path, what),
             fmt::format("limit.{0}_burst has no effect without {0}_rate", what));
  }

  static std::string rule_path(std::size_t index) { return fmt::format("limit.{}", index); }
  static std::string module_path(std::size_t index) { return fmt::format("module.{}", index); }
  static std::string listener_path(std::size_t index) { return fmt::format("listener.{}", index); }
  static std::string key_path(std::size_t index, std::string_view key) {
    return fmt::format("listener.{}.{}", index, key);
  }

  const KeyPlace* place(std::string_view path) const {
    const auto found = places_.find(path);
    return found == places_.end() ? nullptr : &found->second;
  }
  bool is_set(std::string_view path) const { return place(path) != nullptr; }
  bool is_good(std::string_view path) const {
    const KeyPlace* found = place(path);
    return found == nullptr || found->good;
  }

  void report(std::string_view path, std::string message) {
    const KeyPlace* found = place(path);
    const TextPosition at = found == nullptr ? TextPosition{} : found->value;
    problems_.push_back({at.line, at.column, std::move(message)});
  }

  /// Both are in [limits]; the problem stands at the one that the file sets.
  void check_order(std::string_view less, const ByteCount& less_value, std::string_view more,
                   const ByteCount& more_value, std::string_view why) {
    const std::string less_path = fmt::format("limits.{}", less);
    const std::string more_path = fmt::format("limits.{}", more);
    if (!is_good(less_path) || !is_good(more_path) || less_value <= more_value) return;
    report(is_set(less_path) ? less_path : more_path,
           fmt::format("limits.{} ({}) must not be more than limits.{} ({}): {}", less,
                       size_text(less_value), more, size_text(more_value), why));
  }

  void check_limits() {
    const LimitSettings& limits = config_.limits;
    check_order("max_inline", limits.max_inline, "max_frame", limits.max_frame,
                "an inline line is a frame too");
    check_order("max_frame", limits.max_frame, "max_buffer_memory", limits.max_buffer_memory,
                "a frame of that size could never be received whole");
    check_order("output_high_water", limits.output_high_water, "max_buffer_memory",
                limits.max_buffer_memory, "one slow reader would be closed before it is paused");
  }

  void check_log() {
    const std::string& target = config_.log.target;
    if (!is_good("log.target") || target == "stderr") return;
    if (target.find('\0') != std::string::npos) {
      report("log.target", "log.target: a path has no NUL byte");
    } else if (target.find('/') == std::string::npos) {
      report("log.target",
             fmt::format(
                 "log.target: expected \"stderr\" or the path of a file, found {}; a file in the "
                 "working directory is written with './' before its name",
                 shown(target)));
    }
  }

  void check_listener(std::size_t index) {
    check_name(index);
    check_addresses(index);
    if (is_admin(index)) check_admin_addresses(index);
    if (is_http(index)) check_http(index);
    check_tls(index);
    if (!is_good(key_path(index, "framing"))) return;
    if (is_admin(index) && config_.listeners[index].framing != ListenerFraming::command) {
      report(key_path(index, "framing"),
             "listener.framing: an admin listener takes commands: its framing is \"command\"");
      return;
    }
    if (is_http(index) && config_.listeners[index].framing != ListenerFraming::command) {
      report(key_path(index, "framing"), "listener.framing: HTTP has a framing of its own");
      return;
    }
    check_unused_keys(index);
    if (config_.listeners[index].framing != ListenerFraming::command) check_handler(index);
  }

  /// What the files hold is looked at where they are loaded.
  void check_tls(std::size_t index) {
    const std::optional<TlsSettings>& tls = config_.listeners[index].tls;
    if (!tls) return;
    const auto path_of = [&](std::string_view key) {
      const std::string path = key_path(index, fmt::format("tls.{}", key));
      return is_set(path) ? path : key_path(index, "tls");
    };
    if (!is_good(path_of("certificate")) || !is_good(path_of("key"))) return;
    if (tls->certificate.empty())
      report(path_of("certificate"),
             "listener.tls.certificate: TLS needs a certificate: name its PEM file");
    else if (!tls->key.empty() && tls->key.size() != tls->certificate.size())
      report(
          path_of("key"),
          fmt::format("listener.tls.key: there are {} keys for {} certificates: name one for "
                      "each, in their order, or none where each stands in its certificate's file",
                      tls->key.size(), tls->certificate.size()));
    if (tls->client_auth != ClientAuth::no && tls->client_ca.empty())
      report(path_of("client_auth"),
             "listener.tls.client_auth: clients' certificates are held against those of client_ca: "
             "name its PEM file");
    if (tls->client_auth == ClientAuth::no && !tls->client_ca.empty())
      report(path_of("client_ca"),
             "listener.tls.client_ca has no effect here: no client is asked for a certificate "
             "unless client_auth says \"optional\" or \"required\"");
  }

  bool is_admin(std::size_t index) const {
    return is_good(key_path(index, "role")) && config_.listeners[index].role == ListenerRole::admin;
  }

  bool is_http(std::size_t index) const {
    return is_good(key_path(index, "role")) && config_.listeners[index].role == ListenerRole::http;
  }

  /// It says much of the daemon, and asks nobody for a name.
  void check_http(std::size_t index) {
    const ListenerSettings& listener = config_.listeners[index];
    if (listener.tls)
      report(key_path(index, "tls"),
             "listener.tls: an HTTP listener has none: let it listen on this machine alone, behind "
             "a server that has");
    const std::string path = key_path(index, "address");
    if (!is_good(path) || !is_good(key_path(index, "allow")) || !listener.allow.empty()) return;
    for (const Endpoint& address : listener.addresses) {
      if (address.kind == Endpoint::Kind::systemd || is_local(address)) continue;
      report(path, fmt::format("listener.address: {} can be reached from other machines: an HTTP "
                               "listener there needs listener.allow, which says who may come",
                               shown(to_string(address))));
    }
  }

  /// Those of passed sockets are not known before they are adopted.
  void check_admin_addresses(std::size_t index) {
    const std::string path = key_path(index, "address");
    if (!is_good(path)) return;
    for (const Endpoint& address : config_.listeners[index].addresses) {
      if (address.kind == Endpoint::Kind::systemd || is_local(address)) continue;
      report(path, fmt::format("listener.address: {} can be reached from other machines; an admin "
                               "listener is at \"unix:PATH\", 127.0.0.1, [::1] or \"systemd\"",
                               shown(to_string(address))));
    }
  }

  void check_name(std::size_t index) {
    const std::string path = key_path(index, "name");
    const std::string& name = config_.listeners[index].name;
    if (!is_good(path)) return;
    if (!good_name(name)) {
      report(path, fmt::format("listener.name: {} has more than letters, digits, '.', '_' and '-'",
                               shown(name)));
    }
    for (std::size_t i = 0; i < index; ++i) {
      if (config_.listeners[i].name != name || !is_good(key_path(i, "name"))) continue;
      report(is_set(path) ? path : listener_path(index),
             fmt::format("listener.name: {} is the name of the listener in line {} already",
                         shown(name), config_.listeners[i].line));
      return;
    }
  }

  void check_addresses(std::size_t index) {
    const std::string path = key_path(index, "address");
    const std::vector<Endpoint>& addresses = config_.listeners[index].addresses;
    if (!is_good(path)) return;
    if (addresses.empty()) {
      report(
          listener_path(index),
          "listener.address: a listener needs an address, such as address = \"127.0.0.1:12345\"");
    }
    for (std::size_t i = 0; i < addresses.size(); ++i) check_address(index, i);
  }

  void check_address(std::size_t index, std::size_t item) {
    const ListenerSettings& listener = config_.listeners[index];
    const Endpoint& address = listener.addresses[item];
    const std::string path = key_path(index, "address");
    if (address.kind == Endpoint::Kind::systemd && !listener_is_named(index)) {
      report(path,
             "listener.address: \"systemd\" finds its sockets by the listener's name: give it one");
    }
    for (std::size_t i = 0; i < item; ++i) {
      if (!same_place(listener.addresses[i], address)) continue;
      report(path, fmt::format("listener.address: {} and {} in one list are the same place",
                               shown(to_string(listener.addresses[i])), shown(to_string(address))));
      return;
    }
    // Of two "systemd" listeners each has the sockets of its own name.
    if (address.kind != Endpoint::Kind::systemd) check_address_against_earlier(index, address);
  }

  void check_address_against_earlier(std::size_t index, const Endpoint& address) {
    for (std::size_t i = 0; i < index; ++i) {
      const ListenerSettings& earlier = config_.listeners[i];
      for (const Endpoint& taken : earlier.addresses) {
        if (!same_place(taken, address)) continue;
        report(key_path(index, "address"),
               fmt::format("listener.address: {} is taken by {} of the listener in line {}",
                           shown(to_string(address)), shown(to_string(taken)), earlier.line));
        return;
      }
    }
  }

  bool listener_is_named(std::size_t index) const {
    return places_.empty() || is_set(key_path(index, "name"));
  }

  void check_unused_keys(std::size_t index) {
    if (!is_good(key_path(index, "address"))) return;
    for (const KeySpec& spec : listener_keys()) {
      const KeyPlace* found = place(key_path(index, spec.name));
      const std::string_view unused = why_unused(spec.name, config_.listeners[index]);
      if (found == nullptr || unused.empty()) continue;
      problems_.push_back({found->key.line, found->key.column,
                           fmt::format("listener.{} has no effect here: {}", spec.name, unused)});
    }
  }

  void check_handler(std::size_t index) {
    const std::string path = key_path(index, "handler");
    const std::string& handler = config_.listeners[index].handler;
    if (!is_good(path)) return;
    std::vector<std::string_view> names;
    for (const HandlerTableSpec& known : handlers_)
      if (known.may_own_listener) names.push_back(known.name);
    if (std::find(names.begin(), names.end(), handler) != names.end()) return;
    const std::string choices = fmt::format("one of \"{}\"", fmt::join(names, "\", \""));
    if (!is_set(path)) {
      report(listener_path(index),
             fmt::format("listener.handler: a line or raw listener needs a handler, {}", choices));
      return;
    }
    report(path,
           fmt::format("listener.handler: {} {}: expected {}{}",
                       is_known(handler) ? "no listener can be bound to" : "there is no handler",
                       shown(handler), choices, suggestion(handler, names)));
  }

  bool is_known(std::string_view handler) const {
    return std::any_of(handlers_.begin(), handlers_.end(),
                       [&](const HandlerTableSpec& known) { return known.name == handler; });
  }

  const Config& config_;
  std::span<const HandlerTableSpec> handlers_;
  const KeyPlaces& places_;
  std::vector<ConfigProblem>& problems_;
};

}  // namespace

void check_config(const Config& config, std::span<const HandlerTableSpec> handlers,
                  const KeyPlaces& places, std::vector<ConfigProblem>& problems) {
  Checker(config, handlers, places, problems).run();
}

}  // namespace reactord
