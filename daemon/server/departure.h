// SPDX-License-Identifier: MIT
// The way of connections out of a process that is followed by another one: who cannot go is drained
// first, while all others are served; then everybody waits, until no reply is owed to anybody. What
// becomes of them then is its owner's. Sends nothing itself, and knows no service manager.
//
//   begin() -> sorting -> draining -> holding -> look() -> looking -> settling -> ready
//              who can    those who   all wait;             whose      those to whom
//              never go?  cannot      nobody new comes      is owed?   a reply is owed
//
// or from hold() on, where whoever cannot go is to stay.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "daemon/connection/connection_table.h"
#include "daemon/server/connection_walk.h"

namespace reactord {

class Departure {
 public:
  /// While everybody waits, for replies that are owed already: a pause that people notice, and
  /// clients' timeouts do not.
  static constexpr Duration kMaxSettling = std::chrono::seconds(1);

  /// `is_bound` of those for whom a handler keeps something, which it cannot take along;
  /// `can_wait` of those who can go while a reply is owed to them, since that goes along.
  Departure(ConnectionTable& connections, ConnectionWalks& walks, LoopContext& loop_context,
            std::function<bool(const Connection&)> is_bound,
            std::function<bool(const Connection&)> can_wait)
      : connections_(connections),
        walks_(walks),
        loop_context_(loop_context),
        is_bound_(std::move(is_bound)),
        can_wait_(std::move(can_wait)) {}

  void begin();
  /// All wait at once, and whoever cannot go stays.
  void hold();
  [[nodiscard]] bool is_under_way() const { return step_ != Step::none; }
  /// All wait.
  [[nodiscard]] bool is_holding() const { return step_ >= Step::holding; }
  /// While all wait: nobody new comes any more.
  void look();
  /// At the end of each turn.
  void go_on();
  /// Nobody is left who must be waited for.
  [[nodiscard]] bool is_ready() const { return step_ == Step::ready; }
  /// Nobody goes: all are served as before.
  void call_off();

  [[nodiscard]] Connection::Movable movable(const Connection& connection) const;
  /// How many could not go.
  [[nodiscard]] std::size_t drained() const { return drained_; }

 private:
  enum class Step : std::uint8_t { none, sorting, draining, holding, looking, settling, ready };

  void drain(Connection& connection);
  [[nodiscard]] bool is_waited_for(SlotId id);

  ConnectionTable& connections_;
  ConnectionWalks& walks_;
  LoopContext& loop_context_;
  std::function<bool(const Connection&)> is_bound_;
  std::function<bool(const Connection&)> can_wait_;
  Step step_ = Step::none;
  std::vector<SlotId> waited_for_;  ///< some of them have gone, perhaps
  std::size_t drained_ = 0;
  bool drains_ = true;  ///< whoever cannot go
};

}  // namespace reactord
