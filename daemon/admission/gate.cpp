// SPDX-License-Identifier: MIT
#include "daemon/admission/gate.h"

#include <cstring>

namespace reactord {

namespace {

/// In the words of the listener's clients.
Buffer refusal_text(const ListenerPolicy& policy, std::string_view error) {
  Buffer text;
  ReplyWriter(text, encoding_of(policy.framing, ReplyEncoding::resp2)).error(error);
  return text;
}

/// A Unix socket's mode has said who may connect, unless it is a proxy's.
bool is_allowed(const Gate::Newcomer& newcomer) {
  const ListenerRules& rules = newcomer.rules;
  if (rules.allow->empty() || newcomer.may_be_any) return true;
  if (!newcomer.peer.is_ip()) return !rules.proxy;
  return rules.allow->contains(newcomer.peer.mapped_ip());
}

Refusal full(bool is_admin) {
  if (is_admin)
    return {Event::refused_admin_full, "ERR max number of clients reached on the admin listeners"};
  return {Event::refused_full, "ERR max number of clients reached"};
}

}  // namespace

std::optional<Refusal> Gate::judge_all(const ListenerRules& rules) const {
  const ListenerPolicy& policy = rules.policy;
  if (connections_.is_draining() && !policy.is_admin)
    return Refusal{Event::refused_draining, "ERR this server takes no new clients for now"};
  if (connections_.is_full(policy)) return full(policy.is_admin);
  return std::nullopt;
}

std::optional<Refusal> Gate::judge_address(const Newcomer& newcomer) {
  if (is_allowed(newcomer)) return std::nullopt;
  return Refusal{Event::refused_not_allowed,
                 "DENIED your address is not in the allow list of this listener"};
}

std::optional<Refusal> Gate::judge(const Newcomer& newcomer) const {
  if (std::optional<Refusal> refusal = judge_address(newcomer)) return refusal;
  if (std::optional<Refusal> refusal = judge_all(newcomer.rules)) return refusal;
  switch (connections_.admit(newcomer.peer, newcomer.rules.policy)) {
    case Admission::admitted:
    case Admission::full:  // not since judge_all()
      break;
    case Admission::too_many_from_address:
      return Refusal{Event::refused_per_address,
                     "ERR max number of clients reached for your address"};
    case Admission::too_many_to_log_in:
      return Refusal{Event::refused_before_login,
                     "ERR max number of clients reached that have not logged in"};
  }
  ListenerLimits* const limits = newcomer.rules.limits.get();
  if (limits == nullptr) return std::nullopt;
  if (std::optional<ListenerLimits::Refused> refused =
          newcomer.was_judged ? limits->admit_again(newcomer.peer) : limits->admit(newcomer.peer))
    return Refusal{Event::refused_limit, std::move(refused->error), std::move(refused->problem)};
  return std::nullopt;
}

void Gate::tell(const ListenerRules& rules, const std::string& peer, const Refusal& refusal) {
  events_.count(refusal.why);
  if (events_.wants(refusal.why))
    events_.log(refusal.why, {{"peer", peer},
                              {spec_of(refusal.why).detail(), refusal.problem},
                              {"listener", rules.name}});
}

void Gate::refuse(Stream& stream, const ListenerRules& rules, const Refusal& refusal) {
  tell(rules, stream.peer(), refusal);
  if (refusal.error.empty()) return;
  rules.policy.loop_context.sink.note_error(refusal.error);
  const Buffer text = refusal_text(rules.policy, refusal.error);
  (void)stream.send(text.view());
  (void)stream.send_end();
  stream.finish_sending();
  Buffer unread;
  (void)stream.receive(unread.prepare(4096));
}

void Gate::tell_handshake(const SocketAddress& peer, const Handshake& handshake) {
  const Event event = handshake.is_resumed() ? Event::handshake_resumed : Event::handshake_full;
  events_.count(event);
  if (events_.wants(event))
    events_.log(event, {{"peer", peer.to_string()}, {"session", handshake.description()}});
}

void Gate::tell_failed(const ListenerRules& rules, int error, Event event) noexcept {
  events_.count(event);
  if (!events_.wants(event)) return;
  (void)has_memory_for([&] {
    events_.log(event, {{"problem", std::strerror(error)}, {"listener", rules.name}});
  });
}

}  // namespace reactord
