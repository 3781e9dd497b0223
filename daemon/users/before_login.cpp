// SPDX-License-Identifier: MIT
#include "daemon/users/before_login.h"

#include <algorithm>
#include <utility>

namespace reactord {

BeforeLogin::~BeforeLogin() {
  loop_.timers().cancel(timer_);
}

void BeforeLogin::set_limits(std::size_t most, Duration deadline) {
  most_ = most;
  deadlines_.set_length(deadline);
  loop_.timers().cancel(std::exchange(timer_, 0));
  schedule();
}

bool BeforeLogin::has_room_for(const LoginSource& source) const {
  if (waiting_.size() >= most_) return false;
  const auto found = by_source_.find(source);
  return found == by_source_.end() || found->second < std::max<std::size_t>(most_ / kShare, 1);
}

void BeforeLogin::add(const Connection& connection, const LoginSource& source) {
  const auto [place, is_new] = waiting_.try_emplace(connection.id());
  if (!is_new) return;
  Waiting& waiting = place->second;
  try {
    std::size_t& from_there = by_source_[source];
    waiting.connection = connection.id();
    waiting.source = source;
    ++from_there;
  } catch (...) {
    waiting_.erase(place);
    throw;
  }
  deadlines_.arm(waiting, loop_.now());
  schedule();
}

void BeforeLogin::forget(SlotId connection) noexcept {
  const auto found = waiting_.find(connection);
  if (found == waiting_.end()) return;
  const auto of_source = by_source_.find(found->second.source);
  if (--of_source->second == 0) by_source_.erase(of_source);
  waiting_.erase(found);
}

bool BeforeLogin::is_overdue(SlotId connection) const {
  const auto found = waiting_.find(connection);
  return found != waiting_.end() && found->second.is_overdue;
}

/// One timer for the first of them. Without memory for it there is another chance with the next.
void BeforeLogin::schedule() {
  const std::optional<TimePoint> next = deadlines_.next();
  if (timer_ != 0 || !next) return;
  timer_ = loop_.timers().add(*next, [this] {
    timer_ = 0;
    expire();
    schedule();
  });
}

void BeforeLogin::expire() {
  for (int ends = 0; ends < kMaxEndsPerTurn; ++ends) {
    DeadlineLink<Login>* const link = deadlines_.pop_expired(loop_.now());
    if (link == nullptr) return;
    end(static_cast<Waiting&>(*link));
  }
}

void BeforeLogin::end(Waiting& waiting) {
  Connection* const connection = connections_.find(waiting.connection);
  if (connection == nullptr) return;
  if (connection->is_pending()) {
    waiting.is_overdue = true;
    return;
  }
  connection->end(CloseReason::closed_login,
                  "ERR timeout: not logged in in time, see deadlines.login in the server's "
                  "configuration");
}

}  // namespace reactord
