// SPDX-License-Identifier: MIT
// What every caller can do: the actions of its plan, one after the other.
#include <algorithm>

#include "tests/simulation/clients/caller.h"

namespace simulation {

using std::chrono::milliseconds;

void Caller::go_on() {
  while (!is_waiting_ && state_ == State::connected && !has_closed_ &&
         next_action_ < plan_.actions.size())
    if (!act(plan_.actions[next_action_++])) return;
}

void Caller::resume_after(Moment pause) {
  is_waiting_ = true;
  const std::uint64_t number = ++waiting_;
  world_.kernel.timeline.after(pause, [this, number] {
    if (number != waiting_ || !is_waiting_) return;
    is_waiting_ = is_awaiting_ = false;
    go_on();
  });
}

bool Caller::act(const Action& action) {
  switch (action.verb) {
    case Verb::send:
      put(action.number == 0 ? unsent_.size() : static_cast<std::size_t>(action.number));
      return true;
    case Verb::trickle:
      is_waiting_ = true;
      trickle_pause_ = action.number;
      trickle();
      return false;
    case Verb::urgent:
      put(unsent_.size());
      return true;
    case Verb::wait:
      resume_after(milliseconds(action.number));
      return false;
    case Verb::await:
      await(milliseconds(action.number));
      return false;
    case Verb::stop_reading:
      reading_ = Reading::nothing;
      not_reading_since_ = world_.now();
      return true;
    case Verb::read_on:
      reading_ = Reading::all;
      if (not_reading_since_)
        longest_deafness_ = std::max(longest_deafness_, world_.now() - *not_reading_since_);
      not_reading_since_.reset();
      last_moved_ = world_.now();
      read();
      return true;
    case Verb::read_slowly:
      reading_ = Reading::slowly;
      has_read_slowly_ = true;
      not_reading_since_.reset();
      read_bytes_ = action.number;
      read_some();
      return true;
    case Verb::finish:
      put(0);
      has_finished_ = true;
      flush();
      return true;
    case Verb::leave:
      close(false);
      return false;
    case Verb::reset:
      close(true);
      return false;
    case Verb::vanish:
      has_closed_ = true;
      end_->cut();
      return false;
    default:
      return act_of_kind(action);
  }
}

void Caller::trickle() {
  if (state_ != State::connected || has_closed_) return;
  if (unsent_.empty()) {
    is_waiting_ = false;
    return go_on();
  }
  put(static_cast<std::size_t>(random_.between(1, 9)));
  world_.kernel.timeline.after(milliseconds(trickle_pause_), [this] { trickle(); });
}

void Caller::await(Moment patience) {
  if (is_content() && outgoing_.empty()) return go_on();
  is_awaiting_ = true;
  resume_after(patience);
}

void Caller::stop_awaiting() {
  if (!is_awaiting_) return;
  is_waiting_ = is_awaiting_ = false;
  go_on();
}

}  // namespace simulation
