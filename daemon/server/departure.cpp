// SPDX-License-Identifier: MIT
#include "daemon/server/departure.h"

namespace reactord {

using Movable = Connection::Movable;

Movable Departure::movable(const Connection& connection) const {
  if (is_bound_(connection)) return Movable::never;
  const Movable can = connection.movable();
  return can == Movable::not_now && can_wait_(connection) ? Movable::yes : can;
}

void Departure::begin() {
  step_ = Step::sorting;
  drains_ = true;
  walks_.add({.visit =
                  [this](Connection& connection) {
                    if (movable(connection) == Movable::never) drain(connection);
                  },
              .visits_per_turn = ConnectionWalks::kManyPerTurn,
              .done = [this] { step_ = Step::draining; }});
}

void Departure::hold() {
  step_ = Step::holding;
  drains_ = false;
  loop_context_.paused = Paused::everyone;
}

void Departure::drain(Connection& connection) {
  if (!connection.is_ending()) ++drained_;
  connection.drain();
  waited_for_.push_back(connection.id());
}

/// Some have come since begin(), or have become such that they cannot go.
void Departure::look() {
  step_ = Step::looking;
  walks_.add({.visit =
                  [this](Connection& connection) {
                    const Movable can = movable(connection);
                    if (can == Movable::never && drains_) drain(connection);
                    if (can == Movable::not_now) waited_for_.push_back(connection.id());
                  },
              .visits_per_turn = ConnectionWalks::kManyPerTurn,
              .done = [this] { step_ = Step::settling; }});
}

bool Departure::is_waited_for(SlotId id) {
  const Connection* const connection = connections_.find(id);
  if (connection == nullptr || connection->is_closed()) return false;
  return step_ == Step::draining || movable(*connection) != Movable::yes;
}

/// From when all wait no request is served, but those of who is drained.
void Departure::go_on() {
  if (step_ != Step::draining && step_ != Step::settling) return;
  while (!waited_for_.empty() && !is_waited_for(waited_for_.back())) waited_for_.pop_back();
  if (!waited_for_.empty()) return;
  if (step_ == Step::draining) loop_context_.paused = Paused::everyone;
  step_ = step_ == Step::draining ? Step::holding : Step::ready;
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
