// SPDX-License-Identifier: MIT
#include "daemon/process/departure.h"

namespace reactord {

using Movable = Connection::Movable;

Movable Departure::movable(const Connection& connection) const {
  return is_bound_(connection) ? Movable::never : connection.movable();
}

void Departure::begin() {
  step_ = Step::sorting;
  walks_.add({.visit =
                  [this](Connection& connection) {
                    if (movable(connection) != Movable::never) return;
                    if (!connection.is_ending()) ++drained_;
                    connection.drain();
                    waited_for_.push_back(connection.id());
                  },
              .visits_per_turn = ConnectionWalks::kManyPerTurn,
              .done = [this] { step_ = Step::draining; }});
}

/// From here on no request is served, but those of who is drained.
void Departure::hold() {
  step_ = Step::looking;
  loop_context_.paused = Paused::everyone;
  walks_.add({.visit =
                  [this](Connection& connection) {
                    if (movable(connection) == Movable::not_now)
                      waited_for_.push_back(connection.id());
                  },
              .visits_per_turn = ConnectionWalks::kManyPerTurn,
              .done = [this] { step_ = Step::settling; }});
}

bool Departure::is_waited_for(SlotId id) {
  const Connection* const connection = connections_.find(id);
  if (connection == nullptr || connection->is_closed()) return false;
  return step_ == Step::draining || movable(*connection) == Movable::not_now;
}

bool Departure::go_on() {
  if (step_ != Step::draining && step_ != Step::settling) return false;
  while (!waited_for_.empty() && !is_waited_for(waited_for_.back())) waited_for_.pop_back();
  if (!waited_for_.empty()) return false;
  if (step_ == Step::draining) {
    hold();
    return false;
  }
  step_ = Step::ready;
  return true;
}

void Departure::call_off() {
  step_ = Step::none;
  waited_for_.clear();
  if (loop_context_.paused != Paused::everyone) return;
  loop_context_.paused = Paused::nobody;
  walks_.add({.visit = [](Connection& connection) { connection.end_pause(); },
              .visits_per_turn = ConnectionWalks::kManyPerTurn});
}

}  // namespace reactord
