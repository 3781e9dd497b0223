// SPDX-License-Identifier: MIT
#include "daemon/admission/arrivals.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// Where there is no room for more, nobody may take longer than this: enough for an honest client's
/// header over any network, and those who hold their places by saying nothing make room.
constexpr Duration kCrowdedDeadline = std::chrono::seconds(1);
/// A look at the socket, taking the header, and opening the connection or saying why not.
constexpr WorkUnits kStepWork = 16;
/// Of what a step has taken: the checksum is made byte by byte.
constexpr std::size_t kBytesPerUnit = 128;
/// Late ones looked at in one turn, and those that a stop looks at: as ConnectionDeadlines has it.
constexpr int kMaxEndedPerTurn = 32;

}  // namespace

void Arrivals::clear() noexcept {
  for (std::uint32_t slot = 0; slot < slots_.slots_used(); ++slot)
    if (Arrival* arrival = slots_.at_slot(slot)) erase(*arrival);
}

void Arrivals::set_limits(std::uint32_t most, Duration deadline) {
  most_ = most;
  deadline_ = deadline;
  slots_.raise_capacity(most);
  has_gone_ = true;
  update_deadline();
}

/// From when it is full until it is half empty.
void Arrivals::update_deadline() {
  if (is_full()) deadlines_.set_length(std::min(deadline_, kCrowdedDeadline));
  if (slots_.size() <= most_ / 2) deadlines_.set_length(deadline_);
}

void Arrivals::take_in(UniqueFd fd, const SocketAddress& peer, const ListenerRules& rules) {
  std::optional<Refusal> refusal =
      rules.proxy ? gate_.judge_all(rules) : gate_.judge({.peer = peer, .rules = rules});
  if (!refusal && rules.proxy && !rules.proxy->contains(peer))
    refusal = Refusal{Event::refused_proxy_sender,
                      "DENIED only proxies may connect to this listener, and your address is not "
                      "in its list of them"};
  if (refusal) return refuse_socket(std::move(fd), peer, rules, !rules.proxy, std::move(*refusal));
  Arrival& arrival = slots_.emplace(std::move(fd), peer, rules);
  arrival.was_judged = !rules.proxy;
  gate_.connections().hold_slot(rules.policy);
  deadlines_.arm(arrival, loop_.now());
  update_deadline();
  const SlotId id = arrival.id;
  const bool is_begun =
      !loop_.watch(arrival.fd.get(), token_of(arrival), priority_of(rules.policy)) &&
      has_memory_for([&] { begin_next_stage(arrival); });
  if (is_begun) return;
  gate_.tell_failed(rules, ENOMEM);
  if (Arrival* left = slots_.find(id)) erase(*left);
}

/// Whoever is about to shake hands (`reads_tls`, if the listener speaks it) reads nothing but what
/// belongs to that.
void Arrivals::refuse_socket(UniqueFd fd, const SocketAddress& peer, const ListenerRules& rules,
                             bool reads_tls, Refusal refusal) {
  SocketStream stream(std::move(fd), peer);
  if (rules.handshakes && reads_tls) {
    refusal.error.clear();
    (void)stream.send(rules.handshakes->refusal());
  }
  gate_.refuse(stream, rules, refusal);
}

void Arrivals::erase(Arrival& arrival) {
  gate_.connections().release_slot(arrival.rules.policy);
  slots_.erase(arrival.id);
  has_gone_ = true;
  update_deadline();
}

// --- stages

bool Arrivals::has_more_stages(const Arrival& arrival) const {
  return arrival.rules.handshakes && !std::holds_alternative<HandshakeStage>(arrival.stage);
}

void Arrivals::begin_next_stage(Arrival& arrival) {
  const bool is_first = std::holds_alternative<std::monostate>(arrival.stage);
  if (is_first && arrival.rules.proxy)
    arrival.stage.emplace<ProxyStage>();
  else
    begin_handshake(arrival);
}

/// By the address that a PROXY header has told, before a handshake is begun, which costs a hundred
/// times as much.
std::optional<Refusal> Arrivals::judge_once(Arrival& arrival) const {
  if (std::exchange(arrival.was_judged, true)) return std::nullopt;
  return gate_.judge(
      {.peer = arrival.peer, .rules = arrival.rules, .may_be_any = arrival.speaks_for_itself});
}

void Arrivals::begin_handshake(Arrival& arrival) {
  auto shared = std::make_shared<SharedHandshake>();
  shared->context = arrival.rules.handshakes;
  shared->handshake = shared->context->begin(std::move(arrival.fd), arrival.peer);
  if (!shared->handshake) throw std::bad_alloc();
  arrival.stage.emplace<HandshakeStage>(std::move(shared));
}

StageStep Arrivals::step(Arrival& arrival) {
  if (auto* handshake = std::get_if<HandshakeStage>(&arrival.stage))
    return handshake->step(handshakes_, arrival.id);
  auto* proxy = std::get_if<ProxyStage>(&arrival.stage);
  if (proxy == nullptr) return {.status = StageStep::Status::done};
  StageStep step = proxy->step(arrival.fd.get());
  if (step.status != StageStep::Status::done) return step;
  if (const std::optional<SocketAddress> client = proxy->client()) arrival.peer = *client;
  arrival.speaks_for_itself = proxy->is_local();
  return step;
}

/// It may be gone afterwards.
void Arrivals::advance(Arrival& arrival) {
  go_on(arrival, step(arrival));
}

void Arrivals::go_on(Arrival& arrival, const StageStep& next) {
  loop_.charge(static_cast<WorkUnits>(next.bytes / kBytesPerUnit));
  switch (next.status) {
    case StageStep::Status::waiting:
      if (!arrival.is_finished) return;
      return refuse(arrival, {Event::refused_lost, {}, "it has sent FIN, and not a whole header"});
    case StageStep::Status::working:
      return;
    case StageStep::Status::unfinished:
      return loop_.make_ready(token_of(arrival), priority_of(arrival.rules.policy));
    case StageStep::Status::refused:
      return refuse(arrival, next.refusal);
    case StageStep::Status::done:
      if (!has_more_stages(arrival)) return enter(arrival);
      if (const std::optional<Refusal> refusal = judge_once(arrival))
        return refuse(arrival, *refusal);
      begin_next_stage(arrival);
      return advance(arrival);  // there are few stages: no bound is needed
  }
}

/// Its place in the table becomes the connection's.
void Arrivals::enter(Arrival& arrival) {
  UniqueFd fd = std::move(arrival.fd);
  const SocketAddress peer = arrival.peer;
  const ListenerRules& rules = arrival.rules;
  const bool may_be_any = arrival.speaks_for_itself;
  const bool was_judged = arrival.was_judged;
  const auto stage = std::move(arrival.stage);
  erase(arrival);
  const Gate::Newcomer newcomer{peer, rules, may_be_any, was_judged};
  if (const auto* handshake = std::get_if<HandshakeStage>(&stage))
    return gate_.let_in(newcomer, IsWatched::yes, std::in_place,
                        [&](void* place, std::size_t bytes) {
                          return handshake->handshake().make_stream(place, bytes);
                        });
  gate_.let_in(newcomer, IsWatched::yes, std::in_place_type<SocketStream>, std::move(fd), peer);
}

/// Who has failed to shake hands was told in TLS' own words, and who is late understands no others.
void Arrivals::refuse_handshake(Arrival& arrival, const Refusal& refusal) {
  gate_.tell(arrival.rules, arrival.peer.to_string(), refusal);
  erase(arrival);
}

void Arrivals::refuse(Arrival& arrival, const Refusal& refusal) {
  if (std::holds_alternative<HandshakeStage>(arrival.stage))
    return refuse_handshake(arrival, refusal);
  UniqueFd fd = std::move(arrival.fd);
  const SocketAddress peer = arrival.peer;
  const ListenerRules& rules = arrival.rules;
  const bool reads_tls = arrival.was_judged;
  erase(arrival);
  refuse_socket(std::move(fd), peer, rules, reads_tls, refusal);
}

// --- turns

/// Without memory for it, it is sent away without a word.
void Arrivals::advance_or_give_up(SlotId id) noexcept {
  Arrival* arrival = slots_.find(id);
  if (arrival == nullptr) return;
  const ListenerRules& rules = arrival->rules;
  loop_.charge(kStepWork);
  if (has_memory_for([&] { advance(*arrival); })) return;
  gate_.tell_failed(rules, ENOMEM);
  if (Arrival* left = slots_.find(id)) erase(*left);
}

void Arrivals::on_event(Token token, Readiness readiness) noexcept {
  const SlotId id = token & ~kTokenBit;
  Arrival* arrival = slots_.find(id);
  if (arrival == nullptr) return;
  if (readiness.peer_finished || readiness.hung_up) arrival->is_finished = true;
  advance_or_give_up(id);
}

void Arrivals::on_handshakes() noexcept {
  std::vector<SlotId> done;
  if (!has_memory_for([&] { done = handshakes_.take_done(); })) return;  // told again
  for (const SlotId id : done) {
    loop_.charge(kStepWork);
    if (has_memory_for([&] { on_handshake_done(id); })) continue;
    if (Arrival* arrival = slots_.find(id)) erase(*arrival);
  }
}

void Arrivals::on_handshake_done(SlotId id) {
  Arrival* arrival = slots_.find(id);
  auto* stage = arrival == nullptr ? nullptr : std::get_if<HandshakeStage>(&arrival->stage);
  if (stage == nullptr) return;
  const StageStep next = stage->on_done(handshakes_, id);
  if (next.status == StageStep::Status::working && arrival->is_overdue) return refuse_late(id);
  if (next.status == StageStep::Status::done)
    gate_.tell_handshake(arrival->peer, stage->handshake());
  go_on(*arrival, next);
}

/// The daemon itself may be late: each gets one more look.
void Arrivals::expire(TimePoint now) noexcept {
  for (int left = kMaxEndedPerTurn; left > 0; --left) {
    DeadlineLink<Arrival>* link = deadlines_.pop_expired(now);
    if (link == nullptr) return;
    const SlotId id = static_cast<Arrival&>(*link).id;
    advance_or_give_up(id);
    if (!has_memory_for([&] { refuse_late(id); }))
      if (Arrival* arrival = slots_.find(id)) erase(*arrival);
  }
}

void Arrivals::refuse_late(SlotId id) {
  Arrival* arrival = slots_.find(id);
  if (arrival == nullptr) return;
  auto* const handshake = std::get_if<HandshakeStage>(&arrival->stage);
  if (handshake != nullptr && handshake->is_working()) {
    arrival->is_overdue = true;  // what comes of the step decides
    return;
  }
  const std::string_view whole = handshake != nullptr ? HandshakeStage::kWhole : ProxyStage::kWhole;
  refuse(*arrival, {Event::refused_late,
                    fmt::format("ERR timeout: no whole {}, see deadlines.handshake in the server's "
                                "configuration",
                                whole),
                    fmt::format("no whole {}", whole)});
}

bool Arrivals::stop_some() noexcept {
  int left = kMaxEndedPerTurn;
  for (std::uint32_t slot = 0; slot < slots_.slots_used() && left > 0; ++slot) {
    Arrival* arrival = slots_.at_slot(slot);
    if (arrival == nullptr) continue;
    --left;
    const SlotId id = arrival->id;
    advance_or_give_up(id);
    arrival = slots_.find(id);
    if (arrival == nullptr) continue;
    if (!has_memory_for([&] {
          refuse(*arrival, {Event::refused_stopping, "ERR the server is stopping"});
        }))
      erase(*arrival);
  }
  return is_empty();
}

}  // namespace reactord
