// SPDX-License-Identifier: MIT
#include "daemon/connection/connection_deadlines.h"

#include "daemon/connection/connection.h"

namespace reactord {

template <class Self, class Visit>
void ConnectionDeadlines::for_each_kind(Self& self, Visit&& visit) {
  visit(self.first_request, DeadlineKind::first_request);
  visit(self.frame, DeadlineKind::frame);
  visit(self.idle, DeadlineKind::idle);
  visit(self.write_stall, DeadlineKind::write_stall);
  visit(self.linger, DeadlineKind::linger);
}

void ConnectionDeadlines::set_lengths(const DeadlineSettings& lengths) {
  first_request.set_length(lengths.first_request);
  frame.set_length(lengths.frame);
  idle.set_length(lengths.idle);
  write_stall.set_length(lengths.write_stall);
  linger.set_length(lengths.linger);
}

std::optional<TimePoint> ConnectionDeadlines::next() const {
  std::optional<TimePoint> nearest;
  const auto consider = [&nearest](std::optional<TimePoint> next) {
    if (next && (!nearest || *next < *nearest)) nearest = next;
  };
  for_each_kind(*this, [&](const auto& kind, DeadlineKind) {
    consider(kind.running_.next());
    if (const auto* link = kind.first_overdue()) consider(link->started());
  });
  return nearest;
}

/// Those that are overdue first: they have had their turn since the last call.
void ConnectionDeadlines::expire(TimePoint now) noexcept {
  int left = kMaxPerTurn;
  for_each_kind(*this,
                [&](auto& kind, DeadlineKind name) { judge_overdue(kind, name, now, left); });
  left = kMaxPerTurn;
  for_each_kind(*this, [&](auto& kind, DeadlineKind) { look_at_expired(kind, now, left); });
}

/// While a turn was not enough for what lay in the socket, the next one is waited for: but a client
/// that sends without end, and nothing whole, gets the deadline's length once more and not for
/// ever.
template <class Side>
void ConnectionDeadlines::judge_overdue(DeadlinesOfKind<Side>& kind, DeadlineKind name,
                                        TimePoint now, int& left) noexcept {
  const DeadlineLink<Side>* first_waiting = nullptr;
  for (; left > 0 && kind.first_overdue() != nullptr; --left) {
    DeadlineLink<Side>& link = *kind.first_overdue();
    if (&link == first_waiting) return;
    auto& connection = static_cast<Connection&>(link);
    if (connection.is_scheduled() && now < link.started() + kind.length()) {
      if (first_waiting == nullptr) first_waiting = &link;
      kind.overdue_.arm(link, link.started());  // behind the others
    } else {
      link.cancel();
      connection.on_deadline(name);
    }
  }
}

template <class Side>
void ConnectionDeadlines::look_at_expired(DeadlinesOfKind<Side>& kind, TimePoint now,
                                          int& left) noexcept {
  for (; left > 0; --left) {
    DeadlineLink<Side>* link = kind.running_.pop_expired(now);
    if (link == nullptr) return;
    kind.overdue_.arm(*link, now);
    static_cast<Connection&>(*link).look_at_socket();
  }
}

}  // namespace reactord
