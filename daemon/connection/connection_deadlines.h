// SPDX-License-Identifier: MIT
// Every deadline of every connection: arms them, knows the nearest, and ends whoever has let one
// pass. The one place where a deadline is judged. Which of them runs when is in
// connection_timing.cpp; nothing here knows a frame.
//
// What a deadline has to say is said in two steps, because the process itself may be the late one:
// stopped, frozen, suspended, or held up by a handler, while the client's bytes lay in the socket.
//
//   runs --- its time is over ---> overdue: the connection gets a turn, in which it receives and
//    ^                             | |      sends what can be
//    |                             | |
//    +--- it did what was due -----+ +--- nothing came of it: Connection::on_deadline()
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "config/config.h"
#include "daemon/reactor/deadline_queue.h"

namespace reactord {

class Connection;

/// A new kind is a line here, in for_each_kind() and in set_lengths(), and its end in
/// Connection::on_deadline().
enum class DeadlineKind : std::uint8_t { first_request, frame, idle, write_stall, linger };

/// What a connection can have running side by side.
struct InputDeadline;   ///< first_request, frame or idle
struct OutputDeadline;  ///< write_stall or linger

/// The deadlines of one kind.
template <class Side>
class DeadlinesOfKind {
 public:
  using Link = DeadlineLink<Side>;

  [[nodiscard]] Duration length() const { return running_.length(); }
  void set_length(Duration length) { running_.set_length(length); }
  void arm(Link& link, TimePoint now) { running_.arm(link, now); }
  /// Its time has begun before that of others, perhaps (DeadlineQueue).
  void arm_earlier(Link& link, TimePoint then) { running_.arm_earlier(link, then); }

 private:
  friend class ConnectionDeadlines;

  DeadlineQueue<Side> running_{Duration::zero()};
  /// Started when their time was over. A list: its length says nothing.
  DeadlineQueue<Side> overdue_{Duration::zero()};
  [[nodiscard]] Link* first_overdue() const {
    return length() == Duration::zero() ? nullptr : overdue_.first();  // off since
  }
};

class ConnectionDeadlines {
 public:
  explicit ConnectionDeadlines(const DeadlineSettings& lengths) { set_lengths(lengths); }

  void set_lengths(const DeadlineSettings& lengths);
  /// When expire() has something to do.
  [[nodiscard]] std::optional<TimePoint> next() const;
  /// Once a turn, after the ready list: looks at some whose time is over, ends some that have had
  /// their look.
  void expire(TimePoint now) noexcept;

  DeadlinesOfKind<InputDeadline> first_request;
  DeadlinesOfKind<InputDeadline> frame;
  DeadlinesOfKind<InputDeadline> idle;
  DeadlinesOfKind<OutputDeadline> write_stall;
  DeadlinesOfKind<OutputDeadline> linger;

  /// Looks, and ends, in one turn; the rest waits for the next. An end, with its system calls and
  /// its line in the log, is worth some 15 microseconds, in a virtual machine twice that: a
  /// millisecond in all.
  static constexpr int kMaxPerTurn = 32;

 private:
  template <class Self, class Visit>
  static void for_each_kind(Self& self, Visit&& visit);
  template <class Side>
  static void judge_overdue(DeadlinesOfKind<Side>& kind, DeadlineKind name, TimePoint now,
                            int& left) noexcept;
  template <class Side>
  static void look_at_expired(DeadlinesOfKind<Side>& kind, TimePoint now, int& left) noexcept;
};

}  // namespace reactord
