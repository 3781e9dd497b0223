// SPDX-License-Identifier: MIT
#include "daemon/client_limits/client_limits.h"

#include <algorithm>

#include "daemon/connection/connection.h"

namespace reactord {

namespace {

/// So long at most is a connection held back before it is asked about again: what is in the queue
/// of those who have gone is bounded by that.
constexpr Duration kMaxHold = std::chrono::seconds(1);
/// Each is on the ready list then, and has a turn of its own.
constexpr int kMaxResumedPerTurn = 64;

LimitedClient client_of(Connection& connection) {
  return {.mapped_ip = connection.stream().peer_ip(), .user = connection.session().user()};
}

std::string_view verb_of(LimitAction action) {
  switch (action) {
    case LimitAction::refuse:
      return "refuse";
    case LimitAction::slow:
      return "slow";
    case LimitAction::close:
      return "close";
  }
  return {};
}

InputLimiter::Grant::What what_of(LimitAction action) {
  using What = InputLimiter::Grant::What;
  switch (action) {
    case LimitAction::refuse:
      return What::refuse;
    case LimitAction::slow:
      return What::hold;
    case LimitAction::close:
      return What::close;
  }
  return What::refuse;
}

bool concerns(const LimitRuleSettings& rule, const ListenerSettings& listener) {
  if (rule.listeners.empty()) return listener.role == ListenerRole::open;
  return std::find(rule.listeners.begin(), rule.listeners.end(), listener.name) !=
         rule.listeners.end();
}

}  // namespace

// --- new clients

/// By the rules that tell clients apart in this way: an address is known when it comes, a user when
/// it has logged in.
template <class Ask, class Peer>
std::optional<ListenerLimits::NoRoom> ListenerLimits::ask(const LimitedClient& client, LimitPer per,
                                                          Ask&& of_rule, Peer&& peer) {
  for (const auto& rule : rules_) {
    if (rule->settings().per != per) continue;
    const std::optional<LimitKey> key = rule->key_of(client);
    const std::optional<Overrun> overrun = key ? of_rule(*rule, *key) : std::optional<Overrun>();
    if (!overrun) continue;
    rule->note(overrun->what, 1);
    if (!rule->settings().dry_run) return NoRoom{*rule, *overrun};
    all_.tell(Event::limit_dry_run, *rule, *overrun, peer);
  }
  return std::nullopt;
}

/// Where all of them have room, it is charged for one more.
template <class Peer>
std::optional<ListenerLimits::NoRoom> ListenerLimits::ask_connection(const LimitedClient& client,
                                                                     LimitPer per, Peer&& peer) {
  const TimePoint now = all_.now();
  const auto may_be_new = [now](const LimitRule& rule, const LimitKey& key) {
    return rule.ask_connection(key, now);
  };
  if (std::optional<NoRoom> no_room = ask(client, per, may_be_new, peer)) return no_room;
  for (const auto& rule : rules_) {
    if (rule->settings().per != per) continue;
    if (const std::optional<LimitKey> key = rule->key_of(client))
      rule->charge_connection(*key, now);
  }
  return std::nullopt;
}

ListenerLimits::Refused ListenerLimits::refused_for(const NoRoom& no_room) {
  const LimitRuleSettings& settings = no_room.rule.settings();
  std::string error = error_of(no_room.overrun, settings);
  std::string problem = "limit " + settings.name + ": " + error;
  if (settings.action == LimitAction::close) error.clear();
  return {std::move(error), std::move(problem)};
}

std::optional<ListenerLimits::Refused> ListenerLimits::admit(const SocketAddress& peer) {
  const std::optional<NoRoom> no_room = ask_connection(
      {.mapped_ip = peer.mapped_ip()}, LimitPer::address, [&] { return peer.to_string(); });
  return no_room ? std::optional(refused_for(*no_room)) : std::nullopt;
}

std::optional<ListenerLimits::Refused> ListenerLimits::admit_again(const SocketAddress& peer) {
  const auto has_room = [](const LimitRule& rule, const LimitKey& key) {
    return rule.ask_room(key);
  };
  const std::optional<NoRoom> no_room = ask({.mapped_ip = peer.mapped_ip()}, LimitPer::address,
                                            has_room, [&] { return peer.to_string(); });
  return no_room ? std::optional(refused_for(*no_room)) : std::nullopt;
}

std::string ListenerLimits::admit_user(Connection& connection, std::string_view user) {
  const auto peer = [&] { return connection.stream().peer(); };
  const std::optional<NoRoom> no_room = ask_connection(
      {.mapped_ip = connection.stream().peer_ip(), .user = user}, LimitPer::user, peer);
  if (!no_room) return {};
  all_.tell(Event::limit_refused, no_room->rule, no_room->overrun, peer);
  return error_of(no_room->overrun, no_room->rule.settings());
}

void ListenerLimits::count(Connection& connection, int change) {
  const LimitedClient client = client_of(connection);
  for (const auto& rule : rules_)
    if (const std::optional<LimitKey> key = rule->key_of(client))
      rule->count_connection(*key, change);
}

// --- requests

/// The least that any of the rules allows.
InputLimiter::Grant ListenerLimits::grant(Connection& connection, WorkUnits most) {
  using What = Grant::What;
  const LimitedClient client = client_of(connection);
  const TimePoint now = all_.now();
  Grant grant{What::serve, most};
  for (const auto& rule : rules_) {
    if (rule->settings().dry_run) continue;
    const std::optional<LimitKey> key = rule->key_of(client);
    if (!key) continue;
    const LimitRule::Grant allowed = rule->grant(*key, now, grant.requests);
    grant.requests = static_cast<WorkUnits>(allowed.requests);
    if (!allowed.overrun) continue;
    over_ = rule.get();
    overrun_ = allowed.overrun;
    grant.what = what_of(rule->settings().action);
    break;
  }
  if (grant.what == What::serve) return grant;
  if (grant.what == What::hold) {
    over_->note(overrun_->what, 1);
    all_.hold(connection, overrun_->wait);
    all_.tell(Event::limit_slowed, *over_, *overrun_, [&] { return connection.stream().peer(); });
    return grant;
  }
  grant.requests = grant.what == What::close ? 1 : most;
  error_ = error_of(*overrun_, over_->settings());
  grant.error = error_;
  return grant;
}

void ListenerLimits::settle(Connection& connection, const Grant& grant, std::uint64_t requests,
                            std::uint64_t bytes) {
  if (grant.what != Grant::What::serve) {
    if (requests == 0) return;
    over_->note(overrun_->what, requests);
    if (grant.what == Grant::What::refuse)
      all_.tell(Event::limit_refused, *over_, *overrun_,
                [&] { return connection.stream().peer(); });
    return;
  }
  const LimitedClient client = client_of(connection);
  const TimePoint now = all_.now();
  for (const auto& rule : rules_) {
    const std::optional<LimitKey> key = rule->key_of(client);
    if (!key) continue;
    if (rule->settings().dry_run)
      settle_dry_run(*rule, *key, connection, requests, bytes);
    else
      rule->charge(*key, now, requests, bytes);
  }
}

/// As if those beyond the limit had not been served.
void ListenerLimits::settle_dry_run(LimitRule& rule, const LimitKey& key, Connection& connection,
                                    std::uint64_t requests, std::uint64_t bytes) {
  const TimePoint now = all_.now();
  const LimitRule::Grant allowed = rule.grant(key, now, std::max<std::uint64_t>(1, requests));
  if (allowed.overrun && requests == 0) return;
  rule.charge(key, now, std::min(requests, allowed.requests), allowed.overrun ? 0 : bytes);
  if (requests <= allowed.requests) return;
  const Overrun overrun = rule.grant(key, now, 1).overrun.value_or(Overrun{Limited::request_rate});
  rule.note(overrun.what, requests - allowed.requests);
  all_.tell(Event::limit_dry_run, rule, overrun, [&] { return connection.stream().peer(); });
}

// --- all of them

void ClientLimits::apply(const std::vector<LimitRuleSettings>& rules) {
  std::vector<std::shared_ptr<LimitRule>> next;
  for (const LimitRuleSettings& settings : rules) {
    const auto kept = std::find_if(rules_.begin(), rules_.end(), [&](const auto& rule) {
      return rule->settings().name == settings.name;
    });
    if (kept == rules_.end()) {
      next.push_back(std::make_shared<LimitRule>(settings, seed_));
      continue;
    }
    (*kept)->apply(settings);
    next.push_back(*kept);
  }
  rules_ = std::move(next);
}

std::unique_ptr<ListenerLimits> ClientLimits::limits_of(const ListenerSettings& listener) {
  std::vector<std::shared_ptr<LimitRule>> rules;
  std::copy_if(rules_.begin(), rules_.end(), std::back_inserter(rules),
               [&](const auto& rule) { return concerns(rule->settings(), listener); });
  return rules.empty() ? nullptr : std::make_unique<ListenerLimits>(*this, std::move(rules));
}

void ClientLimits::count_connections() {
  const auto counts = [](const auto& rule) { return rule->settings().connections > 0; };
  for (const auto& rule : rules_) rule->forget_connections();
  if (std::none_of(rules_.begin(), rules_.end(), counts)) return;
  connections_.for_each([](Connection& connection) {
    if (InputLimiter* limiter = connection.policy().limiter) limiter->count(connection, +1);
  });
}

void ClientLimits::hold(Connection& connection, Duration wait) {
  held_.push({now() + std::min(wait, kMaxHold), connection.id()});
}

std::optional<TimePoint> ClientLimits::next_deadline() const {
  if (held_.empty()) return std::nullopt;
  return held_.top().until;
}

void ClientLimits::resume_due(TimePoint now) noexcept {
  for (int left = kMaxResumedPerTurn; left > 0 && !held_.empty(); --left) {
    if (held_.top().until > now) return;
    Connection* const connection = connections_.find(held_.top().connection);
    held_.pop();
    if (connection != nullptr) connection->resume_input();
  }
}

bool ClientLimits::may_log(Event event, LimitRule& rule) {
  events_.count(event);
  return events_.wants(event) && rule.may_log(now());
}

void ClientLimits::log(Event event, const LimitRule& rule, const Overrun& overrun,
                       const std::string& peer) {
  events_.log(event, {{"peer", peer},
                      {"limit", rule.settings().name},
                      {"action", std::string(verb_of(rule.settings().action))},
                      {"problem", error_of(overrun, rule.settings())}});
}

}  // namespace reactord
