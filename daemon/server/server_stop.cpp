// SPDX-License-Identifier: MIT
// How the server ends: balancers see it leave, it drains, or it is cut off; and what is less than
// that, DRAIN, which is its beginning, and CLIENT PAUSE. The rest of its life is in server.cpp.
#include <fmt/format.h>

#include "daemon/server/server.h"

namespace reactord {

namespace {

constexpr std::chrono::milliseconds kNoWait{0};

}  // namespace

// --- DRAIN

void Server::set_draining(bool is_draining, std::string_view who) {
  if (is_draining == this->is_draining()) return;
  loop_.timers().cancel(std::exchange(refuse_timer_, 0));
  if (!is_draining) {
    connections_.set_draining(false);
    events_.record(Event::drain_off, {{"who", std::string(who)}});
    listeners_.on_room();
  } else if (config_.deadlines.leave == kNoWait) {
    refuse_new(std::string(who));
  } else {
    refuse_timer_ = loop_.timers().add(loop_.now() + config_.deadlines.leave,
                                       [this, who = std::string(who)] { refuse_new(who); });
    events_.record(Event::leaving, {{"request", fmt::format("DRAIN ON by {}", who)}});
  }
}

void Server::refuse_new(const std::string& who) {
  refuse_timer_ = 0;
  connections_.set_draining(true);
  events_.record(Event::drain_on, {{"who", who}});
  listeners_.on_room();  // who waited in the backlog hears of it
}

std::string Server::why_draining() const {
  if (phase_ != Phase::serving) return stop_reason_;
  return is_draining() ? "DRAIN ON" : "";
}

// --- CLIENT PAUSE

void Server::pause_clients(std::chrono::milliseconds length, std::string_view who) {
  if (phase_ >= Phase::parting) return;
  const TimePoint ends = loop_.now() + length;
  if (is_paused() && pause_ends_ >= ends) return;
  loop_.timers().cancel(std::exchange(pause_timer_, 0));
  pause_timer_ = loop_.timers().add(ends, [this] { end_pause("its time has passed"); });
  pause_ends_ = ends;
  loop_context_.paused = Paused::clients;
  events_.record(Event::clients_paused,
                 {{"ms", std::to_string(length.count())}, {"who", std::string(who)}});
}

void Server::resume_clients(std::string_view who) {
  end_pause(fmt::format("CLIENT UNPAUSE by {}", who));
}

void Server::end_pause(const std::string& reason) {
  if (!is_paused()) return;
  walks_.add({.visit = [](Connection& connection) { connection.end_pause(); },
              .visits_per_turn = ConnectionWalks::kManyPerTurn});
  loop_context_.paused = Paused::nobody;
  loop_.timers().cancel(std::exchange(pause_timer_, 0));
  events_.record(Event::clients_resumed, {{"reason", reason}});
}

std::chrono::milliseconds Server::pause_left() const {
  if (!is_paused()) return {};
  return std::chrono::ceil<std::chrono::milliseconds>(pause_ends_ - loop_.now());
}

// --- the stop

/// Not now: the connection that asks is being served, and its reply is not sent yet.
void Server::shut_down(std::string_view who) {
  (void)loop_.timers().add(loop_.now(), [this, request = fmt::format("SHUTDOWN by {}", who)] {
    if (phase_ == Phase::serving)
      begin_stop("SHUTDOWN");
    else if (phase_ == Phase::parting)
      call_off_handover();
    else
      return;
    tell_stopping(request);
  });
}

/// Balancers that ask HEALTH hear of it first, and clients notice nothing yet; unless DRAIN ON has
/// sent them elsewhere already.
void Server::begin_stop(std::string reason) {
  stop_reason_ = std::move(reason);
  if (connections_.is_draining() || config_.deadlines.leave == kNoWait) return begin_drain();
  (void)loop_.timers().add(loop_.now() + config_.deadlines.leave, [this] {
    if (phase_ != Phase::leaving) return;
    begin_drain();
    tell_stopping(stop_reason_);
  });
  phase_ = Phase::leaving;
}

void Server::begin_drain() {
  stop_keeping();
  time_drain();
  phase_ = Phase::draining;
  is_closed_to_new_ = false;
  end_pause("the server stops");
}

void Server::time_drain() {
  (void)loop_.timers().add(loop_.now() + config_.deadlines.drain, [this] { on_drain_expired(); });
}

void Server::tell_stopping(const std::string& request) noexcept {
  (void)has_memory_for([&] {
    events_.record(phase_ == Phase::leaving ? Event::leaving : Event::draining,
                   {{"request", request}});
    reports_.stopping();
  });
}

/// Nobody comes any more.
void Server::end_connections() {
  if (phase_ == Phase::parting) return departure_.look();
  stop_handlers();
  drain_connections();
}

void Server::stop_handlers() {
  if (std::exchange(have_handlers_stopped_, true)) return;
  for (std::size_t i = 0; i < handlers_.size(); ++i)
    call_handler(i, "stop()", [](Handler& handler) { handler.stop(); });
}

void Server::drain_connections() {
  walks_.add({.visit = [](Connection& connection) { connection.drain(); },
              .visits_per_turn = ConnectionWalks::kManyPerTurn});
}

/// Those that can be told why are told.
void Server::on_drain_expired() {
  if (phase_ == Phase::parting) return end_handover_waits();
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
  if (before == Phase::serving) begin_stop(signal_name(signal));
  if (before == Phase::leaving) begin_drain();
  if (before == Phase::parting) call_off_handover();
  if (before == Phase::draining) cut_off();
  signals_.take(signal);
  if (before <= Phase::parting) tell_stopping(signal_name(signal));
  if (before == Phase::draining)
    (void)has_memory_for([&] {
      events_.record(Event::stopped_at_once, {{"signal", signal_name(signal)}});
    });
}

/// A restart, if connections can outlive it. Once it is under way another one means the same.
void Server::hand_over_on_signal(int signal) {
  const bool is_possible = config_.server.survive != Survive::no && has_store_;
  if (phase_ == Phase::serving && !is_possible) return drain_on_signal(signal);
  if (phase_ <= Phase::leaving && is_possible) begin_handover(signal_name(signal));
  signals_.take(signal);
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
