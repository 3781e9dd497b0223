// SPDX-License-Identifier: MIT
#include "daemon/admission/listener_rules.h"

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

std::optional<ListenerRules::ProxySenders> senders_of(const std::vector<PeerBlock>& senders) {
  if (senders.empty()) return std::nullopt;
  std::vector<IpNetwork> networks;
  bool by_unix = false;
  for (const PeerBlock& sender : senders)
    sender.is_unix ? void(by_unix = true) : networks.push_back(sender.network);
  return ListenerRules::ProxySenders{NetworkSet(networks), by_unix};
}

CommandClasses classes_of(const AllowedCommands& allowed) {
  CommandClasses classes;
  if (allowed.public_commands) classes.allow(CommandClass::public_);
  if (allowed.introspection) classes.allow(CommandClass::introspection);
  if (allowed.admin) classes.allow(CommandClass::admin);
  return classes;
}

}  // namespace

ListenerKind kind_of(const ListenerSettings& settings, const CommandTable& commands) {
  ListenerKind kind{.framing = framing_of(settings.framing),
                    .is_admin = settings.role == ListenerRole::admin};
  if (kind.framing != Framing::command) kind.bound_command = commands.first_of(settings.handler);
  return kind;
}

ListenerKind kind_of(const ListenerPolicy& policy) {
  return {policy.framing, policy.bound_command, policy.is_admin};
}

std::shared_ptr<ListenerRules> make_rules(const ListenerKind& kind, LoopContext& loop_context) {
  auto rules =
      std::make_shared<ListenerRules>(ListenerRules{.name = {},
                                                    .address = {},
                                                    .policy = {.loop_context = loop_context,
                                                               .framing = kind.framing,
                                                               .bound_command = kind.bound_command,
                                                               .is_admin = kind.is_admin}});
  rules->policy.listener = &rules->name;
  return rules;
}

void apply_settings(ListenerRules& rules, const ListenerSettings& settings, WhenFull when_full,
                    bool is_local) {
  rules.name = settings.name;
  rules.policy.latency = nullptr;  // it is of the name
  rules.allow = settings.allow_set != nullptr ? settings.allow_set
                                              : std::make_shared<const NetworkSet>(settings.allow);
  rules.proxy = senders_of(settings.proxy);
  if (rules.handshakes != nullptr && settings.handshakes != nullptr)
    settings.handshakes->keep_sessions_of(*rules.handshakes);
  rules.handshakes = settings.handshakes;
  // Who comes to look after a full daemon must not wait without knowing why.
  rules.when_full = rules.policy.is_admin ? WhenFull::refuse : when_full;
  rules.policy.inline_replies_resp = settings.inline_replies == InlineReplies::resp;
  rules.policy.requirement = settings.require;
  const AllowedCommands& configured = settings.allow_commands;
  const bool is_admin = settings.role == ListenerRole::admin;
  rules.policy.allowed_commands = classes_of(
      configured.by_address ? by_address(is_admin, is_local && !rules.proxy) : configured);
}

}  // namespace reactord
