// SPDX-License-Identifier: MIT
// How the server ends: it drains, which DRAIN begins without an end, or is cut off. The rest of its
// life is in server.cpp.
#include <fmt/format.h>

#include "daemon/process/server.h"

namespace reactord {

void Server::set_draining(bool is_draining, std::string_view who) {
  if (is_draining == connections_.is_draining()) return;
  connections_.set_draining(is_draining);
  events_.record(is_draining ? Event::drain_on : Event::drain_off, {{"who", std::string(who)}});
  listeners_.on_room();  // who waited in the backlog hears of it
}

/// Not now: the connection that asks is being served, and its reply is not sent yet.
void Server::shut_down(std::string_view who) {
  (void)loop_.timers().add(loop_.now(), [this, request = fmt::format("SHUTDOWN by {}", who)] {
    if (phase_ != Phase::serving) return;
    begin_drain();
    tell_draining(request);
  });
}

void Server::begin_drain() {
  (void)loop_.timers().add(loop_.now() + config_.deadlines.drain, [this] { on_drain_expired(); });
  phase_ = Phase::draining;
  is_closed_to_new_ = false;
}

void Server::tell_draining(const std::string& request) noexcept {
  (void)has_memory_for([&] {
    events_.record(Event::draining, {{"request", request}});
    reports_.stopping();
  });
}

/// Nobody comes any more.
void Server::drain_connections() {
  walks_.add({.visit = [](Connection& connection) { connection.drain(); },
              .visits_per_turn = ConnectionWalks::kManyPerTurn});
  for (std::size_t i = 0; i < handlers_.size(); ++i)
    call_handler(i, "stop()", [](Handler& handler) { handler.stop(); });
}

/// Those that can be told why are told.
void Server::on_drain_expired() {
  walks_.add({.visit =
                  [](Connection& connection) {
                    if (connection.is_ending())
                      return connection.abort(CloseReason::closed_drain_expired);
                    connection.end(CloseReason::closed_drain_expired,
                                   "ERR the server has stopped before the reply was ready");
                    connection.on_event({});  // sends them
                  },
              .visits_per_turn = ConnectionWalks::kFewPerTurn,
              .done = [this] { phase_ = Phase::stopped; }});
}

bool Server::is_done() const {
  return phase_ == Phase::stopped || (phase_ == Phase::draining && !has_chores() &&
                                      connections_.is_empty() && workers_.is_idle());
}

/// Work that has not ended by now hangs, or was not to be waited for.
void Server::end_work() {
  const std::size_t left = workers_.end();
  if (left == 0) return;
  has_left_work_ = true;
  (void)has_memory_for([&] {
    events_.record(Event::work_left, {{"count", std::to_string(left)}});
  });
}

/// The signal is taken once nothing of it can fail any more, and before it is told: whoever reads
/// that and sends it again means another one.
void Server::drain_on_signal(int signal) {
  const Phase before = phase_;
  if (before == Phase::serving) begin_drain();
  if (before == Phase::draining) cut_off();
  signals_.take(signal);
  if (before == Phase::serving) tell_draining(signal_name(signal));
  if (before == Phase::draining)
    (void)has_memory_for([&] {
      events_.record(Event::stopped_at_once, {{"signal", signal_name(signal)}});
    });
}

/// Whoever is still there is closed, some in each turn.
void Server::cut_off() {
  walks_.add_instead(
      {.visit = [](Connection& connection) { connection.abort(CloseReason::closed_at_once); },
       .visits_per_turn = ConnectionWalks::kFewPerTurn,
       .done = [this] { phase_ = Phase::stopped; }});
  phase_ = Phase::cutting_off;
  listeners_.close();
  is_closed_to_new_ = true;
}

void Server::abort_connections() {
  connections_.for_each(
      [](Connection& connection) { connection.abort(CloseReason::closed_at_once); });
}

}  // namespace reactord
