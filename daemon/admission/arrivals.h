// SPDX-License-Identifier: MIT
// Sockets that were accepted and are no connections yet, because their listener wants something
// first: a PROXY header, a TLS handshake. Owns them, in a bounded table and for a bounded time, and
// takes each from stage to stage; what a stage does is in a file of its own. Those of listeners
// that want nothing never come here. Knows no request.
//
//   take_in() -> ProxyStage -> HandshakeStage -> Gate (gate.h): a connection, with the peer and on
//      |             |               |             |            the stream that the stages tell
//      v             v               v             v
//      refused, each time for a reason of its own; or too late, or lost
//
// Each has a slot of the connection table kept free for it, and so a descriptor.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "daemon/admission/gate.h"
#include "daemon/admission/listener_rules.h"
#include "daemon/admission/stages/handshake_stage.h"
#include "daemon/admission/stages/proxy_stage.h"
#include "daemon/connection/connection_table.h"
#include "daemon/log/event_log.h"
#include "daemon/net/handshake_thread.h"
#include "daemon/reactor/deadline_queue.h"
#include "daemon/reactor/event_loop.h"
#include "daemon/reactor/slot_table.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

/// One of them.
struct Arrival : DeadlineLink<Arrival> {
  Arrival(SlotId number, UniqueFd socket, const SocketAddress& from, const ListenerRules& of)
      : id(number), fd(std::move(socket)), peer(from), rules(of) {}

  SlotId id;
  UniqueFd fd;                 ///< a handshake has it for itself
  SocketAddress peer;          ///< the client's own, once a stage has told it
  const ListenerRules& rules;  ///< as a connection refers to it
  bool speaks_for_itself = false;
  bool was_judged = false;   ///< by its own address: what it reads from now on is TLS
  bool is_finished = false;  ///< the other side has sent FIN: what is missing will not come
  bool is_overdue = false;   ///< its time was over while a step was under way beside the loop
  std::variant<std::monostate, ProxyStage, HandshakeStage> stage;
};

class Arrivals {
 public:
  /// The loop tells of handshakes' steps under `handshakes`.
  Arrivals(EventLoop& loop, Gate& gate, Token handshakes)
      : loop_(loop), gate_(gate), handshakes_(loop, handshakes) {}
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;
  ~Arrivals() { clear(); }
  /// All are closed, without a word: before the rules go that they refer to.
  void clear() noexcept;

  [[nodiscard]] Gate& gate() const { return gate_; }

  /// How many there may be, and for how long.
  void set_limits(std::uint32_t most, Duration deadline);
  [[nodiscard]] bool is_full() const { return slots_.size() >= most_; }
  [[nodiscard]] bool is_empty() const { return slots_.size() == 0; }

  /// Takes a socket on its way, or refuses it. There must be room. Throws std::bad_alloc; the
  /// socket is closed then.
  void take_in(UniqueFd fd, const SocketAddress& peer, const ListenerRules& rules);

  /// True of the tokens of arrivals, which the table of connections never gives out.
  [[nodiscard]] static bool is_own(Token token) { return (token & kTokenBit) != 0; }
  void on_event(Token token, Readiness readiness) noexcept;
  /// Steps of handshakes are done.
  void on_handshakes() noexcept;
  [[nodiscard]] std::optional<TimePoint> next_deadline() const { return deadlines_.next(); }
  void expire(TimePoint now) noexcept;
  /// Those that are whole with what they have sent so far become connections, some at each call;
  /// the others are closed. True once nobody is left.
  [[nodiscard]] bool stop_some() noexcept;
  /// Somebody has gone since the last call: there may be room.
  [[nodiscard]] bool take_has_gone() { return std::exchange(has_gone_, false); }

 private:
  /// No table has so many slots.
  static constexpr Token kTokenBit = Token{1} << 31;

  [[nodiscard]] Token token_of(const Arrival& arrival) const { return arrival.id | kTokenBit; }
  void refuse_socket(UniqueFd fd, const SocketAddress& peer, const ListenerRules& rules,
                     bool reads_tls, Refusal refusal);
  [[nodiscard]] bool has_more_stages(const Arrival& arrival) const;
  void begin_next_stage(Arrival& arrival);
  void begin_handshake(Arrival& arrival);
  [[nodiscard]] std::optional<Refusal> judge_once(Arrival& arrival) const;
  [[nodiscard]] StageStep step(Arrival& arrival);
  void advance(Arrival& arrival);
  void go_on(Arrival& arrival, const StageStep& next);
  void on_handshake_done(SlotId id);
  void refuse_handshake(Arrival& arrival, const Refusal& refusal);
  void advance_or_give_up(SlotId id) noexcept;
  void enter(Arrival& arrival);
  void refuse(Arrival& arrival, const Refusal& refusal);
  void refuse_late(SlotId id);
  void erase(Arrival& arrival);
  void update_deadline();

  EventLoop& loop_;
  Gate& gate_;
  SlotTable<Arrival> slots_{0};
  DeadlineQueue<Arrival> deadlines_{Duration::zero()};
  std::uint32_t most_ = 0;
  Duration deadline_{0};
  bool has_gone_ = false;
  HandshakeThread handshakes_;
};

}  // namespace reactord
