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
  std::optional<Refusal> refusal = gate_.judge_all(rules);
  if (!refusal && rules.proxy && !rules.proxy->contains(peer))
    refusal = Refusal{Event::refused_proxy_sender,
                      "DENIED only proxies may connect to this listener, and your address is not "
                      "in its list of them"};
  if (refusal) {
    SocketStream stream(std::move(fd), peer);
    return gate_.refuse(stream, rules, *refusal);
  }
  Arrival& arrival = slots_.emplace(std::move(fd), peer, rules);
  gate_.connections().hold_slot(rules.policy);
  (void)begin_next_stage(arrival);
  deadlines_.arm(arrival, loop_.now());
  update_deadline();
  if (!loop_.watch(arrival.fd.get(), token_of(arrival), priority_of(rules.policy))) return;
  gate_.tell_failed(rules, ENOMEM);
  erase(arrival);
}

void Arrivals::erase(Arrival& arrival) {
  gate_.connections().release_slot(arrival.rules.policy);
  slots_.erase(arrival.id);
  has_gone_ = true;
  update_deadline();
}

// --- stages

/// False after the last one.
bool Arrivals::begin_next_stage(Arrival& arrival) {
  if (arrival.stage.index() == 0 && arrival.rules.proxy) {
    arrival.stage.emplace<ProxyStage>();
    return true;
  }
  return false;
}

StageStep Arrivals::step(Arrival& arrival) {
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
  const StageStep next = step(arrival);
  loop_.charge(static_cast<WorkUnits>(next.bytes / kBytesPerUnit));
  switch (next.status) {
    case StageStep::Status::waiting:
      if (!arrival.is_finished) return;
      return refuse(arrival, {Event::refused_lost, {}, "it has sent FIN, and not a whole header"});
    case StageStep::Status::unfinished:
      return loop_.make_ready(token_of(arrival), priority_of(arrival.rules.policy));
    case StageStep::Status::refused:
      return refuse(arrival, next.refusal);
    case StageStep::Status::done:
      // There are few stages: no bound is needed.
      return begin_next_stage(arrival) ? advance(arrival) : enter(arrival);
  }
}

/// Its place in the table becomes the connection's.
void Arrivals::enter(Arrival& arrival) {
  UniqueFd fd = std::move(arrival.fd);
  const SocketAddress peer = arrival.peer;
  const ListenerRules& rules = arrival.rules;
  const bool may_be_any = arrival.speaks_for_itself;
  erase(arrival);
  gate_.let_in<SocketStream>({peer, rules, may_be_any}, IsWatched::yes, std::move(fd), peer);
}

void Arrivals::refuse(Arrival& arrival, const Refusal& refusal) {
  SocketStream stream(std::move(arrival.fd), arrival.peer);
  const ListenerRules& rules = arrival.rules;
  erase(arrival);
  gate_.refuse(stream, rules, refusal);
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
  refuse(*arrival, {Event::refused_late,
                    fmt::format("ERR timeout: no whole {}, see deadlines.handshake in the server's "
                                "configuration",
                                ProxyStage::kWhole),
                    fmt::format("no whole {}", ProxyStage::kWhole)});
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
