// SPDX-License-Identifier: MIT
#include "daemon/admission/listener_set.h"

#include <fmt/format.h>
#include <grp.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <stdexcept>

#include "config/tables.h"

namespace reactord {

namespace {

Framing framing_of(ListenerFraming framing) {
  switch (framing) {
    case ListenerFraming::command:
      return Framing::command;
    case ListenerFraming::line:
      return Framing::line;
    case ListenerFraming::raw:
      return Framing::raw;
  }
  return Framing::command;
}

AllowedCommands by_address(bool is_admin, bool is_local) {
  return {.by_address = true,
          .public_commands = true,
          .introspection = is_admin || is_local,
          .admin = is_admin};
}

CommandClasses classes_of(const AllowedCommands& allowed) {
  CommandClasses classes;
  if (allowed.public_commands) classes.allow(CommandClass::public_);
  if (allowed.introspection) classes.allow(CommandClass::introspection);
  if (allowed.admin) classes.allow(CommandClass::admin);
  return classes;
}

SocketAddress socket_address(const Endpoint& endpoint) {
  switch (endpoint.kind) {
    case Endpoint::Kind::ipv4: {
      const auto& ip = endpoint.ip;
      return SocketAddress::ipv4({ip[0], ip[1], ip[2], ip[3]}, endpoint.port);
    }
    case Endpoint::Kind::ipv6:
      return SocketAddress::ipv6(endpoint.ip, endpoint.port);
    case Endpoint::Kind::unix_path:
      return SocketAddress::unix_path(endpoint.path);
    case Endpoint::Kind::systemd:
      break;  // adopted, never opened
  }
  return {};
}

/// By its name, as in /etc/group or wherever else the system looks (nsswitch.conf(5)).
std::optional<::gid_t> find_group(const std::string& name) {
  if (name.find('\0') != std::string::npos) return {};
  ::group entry{};
  ::group* found = nullptr;
  std::vector<char> buffer(1024);
  while (::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == ERANGE)
    buffer.resize(buffer.size() * 2);  // a group with many members
  if (found == nullptr) return {};
  return found->gr_gid;
}

std::string no_such_group(const ListenerSettings& settings) {
  return fmt::format(
      "listener.group: there is no group '{}', which the listener '{}' wants: create it (groupadd "
      "--system {}), or name another",
      settings.group, settings.name, settings.group);
}

}  // namespace

void ListenerSet::make_rules(const Config& config, LoopContext& loop_context,
                             const CommandTable& commands) {
  for (const ListenerSettings& settings : config.listeners) {
    CommandEntry* bound = nullptr;
    if (settings.framing != ListenerFraming::command) {
      bound = commands.first_of(settings.handler);
      if (bound == nullptr)
        throw std::logic_error(fmt::format("the handler '{}' has no command", settings.handler));
    }
    rules_.push_back(std::make_unique<ListenerRules>(
        ListenerRules{.name = settings.name,
                      .policy = {.loop_context = loop_context,
                                 .framing = framing_of(settings.framing),
                                 .bound_command = bound,
                                 .is_admin = settings.role == ListenerRole::admin},
                      .allowed_commands = {},
                      .allow = {}}));
  }
}

// --- start

std::string ListenerSet::open(const Config& config, Passed passed) {
  for (std::size_t i = 0; i < rules_.size(); ++i)
    if (std::string problem = open_all(config.listeners[i], *rules_[i], passed); !problem.empty())
      return problem;
  for (const PassedSocket& left : passed)
    if (left.fd)
      return fmt::format(
          "a socket was passed under the name '{}', but no [[listener]] of that name has address = "
          "\"systemd\"",
          left.name);
  if (listeners_.empty()) return "no address is left to listen on";
  allow_classes();
  for (const auto& listener : listeners_) warn_if_open_to_all(*listener);
  return {};
}

std::string ListenerSet::open_all(const ListenerSettings& settings, const ListenerRules& rules,
                                  Passed& passed) {
  for (const Endpoint& endpoint : settings.addresses) {
    std::string problem = endpoint.kind == Endpoint::Kind::systemd
                              ? adopt(rules, passed)
                              : open_one(endpoint, settings, rules);
    if (!problem.empty()) return problem;
  }
  return {};
}

std::string ListenerSet::open_one(const Endpoint& endpoint, const ListenerSettings& settings,
                                  const ListenerRules& rules) {
  ListenOptions options{.backlog = static_cast<int>(settings.backlog),
                        .unix_mode = settings.mode.bits};
  if (endpoint.kind == Endpoint::Kind::unix_path && !settings.group.empty()) {
    options.unix_group = find_group(settings.group);
    if (!options.unix_group) return no_such_group(settings);
  }
  ListenResult result = open_listening_socket(socket_address(endpoint), options);
  switch (result.status) {
    case ListenStatus::ok:
      return add(std::move(result.fd), false, rules);
    case ListenStatus::failed:
      return result.problem;
    case ListenStatus::no_such_family:
      events_.record(Event::listener_left_out,
                     {{"address", to_string(endpoint)}, {"problem", result.problem}});
      return {};
  }
  return result.problem;
}

std::string ListenerSet::adopt(const ListenerRules& rules, Passed& passed) {
  bool has_any = false;
  for (PassedSocket& socket : passed) {
    if (!socket.fd || socket.name != rules.name) continue;
    if (std::string problem = adopt_listening_socket(socket.fd.get()); !problem.empty())
      return problem;
    if (const SocketAddress address = SocketAddress::local_of(socket.fd.get());
        rules.policy.is_admin && !address.is_local())
      return fmt::format(
          "the socket passed for the admin listener '{}' is at {}, which other machines can reach: "
          "its socket unit needs ListenStream= with a path, 127.0.0.1 or [::1]",
          rules.name, address.to_string());
    if (std::string problem = add(std::move(socket.fd), true, rules); !problem.empty())
      return problem;
    has_any = true;
  }
  if (has_any) return {};
  return fmt::format(
      "no socket was passed for the listener '{}': its socket unit needs FileDescriptorName={}",
      rules.name, rules.name);
}

std::string ListenerSet::add(UniqueFd fd, bool is_adopted, const ListenerRules& rules) {
  const Token token = first_token_ + listeners_.size();
  tune_listening_socket(fd.get(), write_stall_);
  if (const std::error_code error = loop_.watch(fd.get(), token))
    return "epoll_ctl: " + error.message();
  listeners_.push_back(std::make_unique<Listener>(token, std::move(fd), is_adopted, rules, loop_,
                                                  connections_, events_));
  events_.record(Event::listening,
                 {{"address", listeners_.back()->address().to_string()}, {"listener", rules.name}});
  return {};
}

void ListenerSet::warn_if_open_to_all(const Listener& listener) {
  if (!listener.address().is_local() && listener.rules().allow.empty())
    events_.record(Event::listener_open_to_all, {{"address", listener.address().to_string()}});
}

// --- life

void ListenerSet::apply(const Config& config) {
  write_stall_ = config.deadlines.write_stall;
  for (const auto& listener : listeners_) tune_listening_socket(listener->fd(), write_stall_);
  for (const auto& rules : rules_) {
    const ListenerSettings* settings = find_listener(config, rules->name);
    if (settings == nullptr) continue;  // gone from the file: stays until a restart
    rules->allow = settings->allow;
    // Who comes to look after a full daemon must not wait without knowing why.
    rules->when_full = rules->policy.is_admin ? WhenFull::refuse : config.server.when_full;
    rules->policy.inline_replies_resp = settings->inline_replies == InlineReplies::resp;
    rules->allowed_commands = settings->allow_commands;
  }
  on_room();  // nobody waits any more, perhaps
  allow_classes();
}

/// By the addresses that are really bound: sockets that were passed have none in the configuration.
void ListenerSet::allow_classes() {
  for (const auto& rules : rules_) {
    const bool is_local =
        std::all_of(listeners_.begin(), listeners_.end(), [&](const auto& listener) {
          return &listener->rules() != rules.get() || listener->address().is_local();
        });
    const AllowedCommands& configured = rules->allowed_commands;
    rules->policy.allowed_commands = classes_of(
        configured.by_address ? by_address(rules->policy.is_admin, is_local) : configured);
  }
}

void ListenerSet::on_event(Token token, Readiness readiness) noexcept {
  listeners_[token - first_token_]->on_event(readiness);
}

void ListenerSet::on_room() noexcept {
  for (const auto& listener : listeners_) listener->on_room();
}

void ListenerSet::stop() noexcept {
  for (const auto& listener : listeners_) listener->stop();
}

std::uint16_t ListenerSet::tcp_port() const {
  for (const auto& listener : listeners_)
    if (listener->address().is_ip() && !listener->rules().policy.is_admin)
      return listener->address().port();
  return 0;
}

std::vector<SocketAddress> ListenerSet::addresses() const {
  std::vector<SocketAddress> addresses;
  for (const auto& listener : listeners_) addresses.push_back(listener->address());
  return addresses;
}

}  // namespace reactord
