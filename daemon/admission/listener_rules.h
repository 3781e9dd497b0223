// SPDX-License-Identifier: MIT
// What a [[listener]] says about the clients of one bound address: who may come, and how they are
// served. One for each socket, because rules belong to an address: a reload that moves a listener
// gives the new address rules of its own, and the connections of the old one keep theirs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/admission/visitors.h"
#include "daemon/client_limits/client_limits.h"
#include "daemon/connection/listener_policy.h"
#include "daemon/dispatch/command_table.h"
#include "daemon/net/handshake.h"
#include "daemon/net/socket_address.h"

namespace reactord {

/// Outlives the connections that came in under it: policy.connections counts them.
struct ListenerRules {
  std::string name;
  std::string address;  ///< where it is bound, as SocketAddress::to_string() writes it
  ListenerPolicy policy;
  std::shared_ptr<const NetworkSet> allow =
      std::make_shared<const NetworkSet>();  ///< empty: everyone
  WhenFull when_full = WhenFull::refuse;
  /// Who must send a PROXY header, when anybody must.
  struct ProxySenders {
    NetworkSet networks;
    bool by_unix = false;  ///< peers of Unix sockets
    [[nodiscard]] bool contains(const SocketAddress& peer) const {
      return peer.is_ip() ? networks.contains(peer.mapped_ip()) : by_unix;
    }
  };
  std::optional<ProxySenders> proxy = {};
  std::unique_ptr<ListenerLimits> limits = {};  ///< null: nothing is limited

  void set_limits(std::unique_ptr<ListenerLimits> now_in_force) {
    limits = std::move(now_in_force);
    policy.limiter = limits.get();
  }

  /// What its clients shake hands with; null: it speaks plain TCP.
  std::shared_ptr<const HandshakeContext> handshakes = {};

  /// Who takes its clients in; null: the gate.
  Visitors* visitors = nullptr;

  /// Whether there is something between accept and a connection.
  [[nodiscard]] bool has_stages() const { return proxy.has_value() || handshakes != nullptr; }
};

/// What cannot change under a connection: how its bytes are cut, and whose slots it takes.
struct ListenerKind {
  Framing framing = Framing::command;
  CommandEntry* bound_command = nullptr;  ///< line and raw: what answers; null if there is none
  bool is_admin = false;
  bool operator==(const ListenerKind&) const = default;
};

[[nodiscard]] ListenerKind kind_of(const ListenerSettings& settings, const CommandTable& commands);
[[nodiscard]] ListenerKind kind_of(const ListenerPolicy& policy);

[[nodiscard]] std::shared_ptr<ListenerRules> make_rules(const ListenerKind& kind,
                                                        LoopContext& loop_context);

/// Puts in force what can change while connections stay. `is_local`: all addresses of the
/// [[listener]] can be reached from this machine alone.
void apply_settings(ListenerRules& rules, const ListenerSettings& settings, WhenFull when_full,
                    bool is_local);

}  // namespace reactord
