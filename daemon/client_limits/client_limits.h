// SPDX-License-Identifier: MIT
// The [[limit]]s in force: which of them concern a listener's clients, and what is done to those
// who are over one. Owns the rules and the queue of the connections that are held back. What a rule
// allows is the rule's (limit_rule.h).
//
//   a new client   -> ListenerLimits::admit()                          Gate (admission/gate.h)
//   a login        -> ListenerLimits::admit_user()                     Users (users/users.h)
//   a turn's input -> ListenerLimits::grant() -> served -> settle()    Connection::serve_limited()
//                          |
//                          +-> held back until resume_due()
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/client_limits/limit_rule.h"
#include "daemon/connection/connection_table.h"
#include "daemon/log/event_log.h"
#include "daemon/net/socket_address.h"

namespace reactord {

class ClientLimits;

/// The limits of one listener's clients.
class ListenerLimits final : public InputLimiter {
 public:
  ListenerLimits(ClientLimits& all, std::vector<std::shared_ptr<LimitRule>> rules)
      : all_(all), rules_(std::move(rules)) {}

  /// Why a client may not come in; `error` is empty where it is to be sent away without a word.
  struct Refused {
    std::string error;
    std::string problem;
  };
  /// None: it may, and is counted as a new connection.
  [[nodiscard]] std::optional<Refused> admit(const SocketAddress& peer);
  /// The same of one that was admitted before, and may have lost its room while it shook hands.
  [[nodiscard]] std::optional<Refused> admit_again(const SocketAddress& peer);

  [[nodiscard]] Grant grant(Connection& connection, WorkUnits most) override;
  void settle(Connection& connection, const Grant& grant, std::uint64_t requests,
              std::uint64_t bytes) override;
  void count(Connection& connection, int change) override;
  [[nodiscard]] std::string admit_user(Connection& connection, std::string_view user) override;

 private:
  struct NoRoom {
    LimitRule& rule;
    Overrun overrun;
  };
  [[nodiscard]] static Refused refused_for(const NoRoom& no_room);
  template <class Ask, class Peer>
  [[nodiscard]] std::optional<NoRoom> ask(const LimitedClient& client, LimitPer per, Ask&& of_rule,
                                          Peer&& peer);
  template <class Peer>
  [[nodiscard]] std::optional<NoRoom> ask_connection(const LimitedClient& client, LimitPer per,
                                                     Peer&& peer);
  void settle_dry_run(LimitRule& rule, const LimitKey& key, Connection& connection,
                      std::uint64_t requests, std::uint64_t bytes);

  ClientLimits& all_;
  std::vector<std::shared_ptr<LimitRule>> rules_;
  LimitRule* over_ = nullptr;  ///< that the latest grant has said no for
  std::optional<Overrun> overrun_;
  std::string error_;
};

class ClientLimits {
 public:
  ClientLimits(ConnectionTable& connections, EventLog& events)
      : connections_(connections), events_(events), seed_(HashSeed::random()) {}

  /// Puts these rules in force; of each that was there before, what clients owe stays. Then each
  /// listener gets its own anew, and the connections are counted.
  void apply(const std::vector<LimitRuleSettings>& rules);
  /// Null where nothing is limited.
  [[nodiscard]] std::unique_ptr<ListenerLimits> limits_of(const ListenerSettings& listener);
  void count_connections();

  // --- those who are held back ---
  /// `wait` counts from now. The connection is asked again at the latest after a second.
  void hold(Connection& connection, Duration wait);
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  void resume_due(TimePoint now) noexcept;

  // --- what the rules have done ---
  [[nodiscard]] const std::vector<std::shared_ptr<LimitRule>>& rules() const { return rules_; }
  [[nodiscard]] TimePoint now() const { return connections_.now(); }
  /// Counts the event, and logs it unless the rule was just told of.
  template <class Peer>
  void tell(Event event, LimitRule& rule, const Overrun& overrun, Peer&& peer) {
    if (may_log(event, rule)) log(event, rule, overrun, peer());
  }

 private:
  struct Held {
    TimePoint until;
    SlotId connection;
    bool operator>(const Held& other) const { return until > other.until; }
  };

  [[nodiscard]] bool may_log(Event event, LimitRule& rule);
  void log(Event event, const LimitRule& rule, const Overrun& overrun, const std::string& peer);

  ConnectionTable& connections_;
  EventLog& events_;
  HashSeed seed_;
  std::vector<std::shared_ptr<LimitRule>> rules_;
  /// The nearest first. Connections that have gone meanwhile are among them, for a second at most.
  std::priority_queue<Held, std::vector<Held>, std::greater<>> held_;
};

}  // namespace reactord
