// SPDX-License-Identifier: MIT
// The reactor: one epoll instance, one time for a whole turn, timers, and the list of those who
// have more to do without an edge to wake them. Owns no descriptor that it watches. Knows tokens,
// not connections.
//
// One turn:  wait -> events -> ready list -> deadlines and timers -> end of turn
//
// Deadlines and timers come at the time that the loop has looked at, which is the last one for
// which everything that was ready has been delivered: what had arrived by then is not late, however
// long the process was stopped or busy.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <optional>
#include <system_error>
#include <vector>

#include "daemon/reactor/clock.h"
#include "daemon/reactor/timer_queue.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

/// Names who is meant; the loop hands back what it was given. Must not be reused for another
/// descriptor while events of the first may be under way (SlotTable's ids never are).
using Token = std::uint64_t;

/// What epoll said. None at all: the token was on the ready list.
struct Readiness {
  bool readable = false;
  bool writable = false;
  /// The peer sends no more; what it sent may still be unread.
  bool peer_finished = false;
  /// Both directions are over, or an error waits; what came before may still be unread.
  bool hung_up = false;
  /// There is urgent data, at whose mark a read stops short with more behind it (tcp(7)).
  bool urgent = false;
};

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on_event(Token token, Readiness readiness) noexcept = 0;
  /// The nearest deadline outside the loop's own timers, and their expiry.
  [[nodiscard]] virtual std::optional<TimePoint> next_deadline() noexcept = 0;
  virtual void on_deadlines(TimePoint looked_at) noexcept = 0;
  /// After everything else of a turn: destroy here what the turn has ended.
  virtual void on_turn_end() noexcept = 0;
};

class EventLoop {
 public:
  /// Throws std::system_error where the kernel gives no epoll instance; nothing throws later.
  explicit EventLoop(const Clock& clock);

  /// Watches `fd` for input, urgent data, output and hang-up, edge-triggered, until it is closed.
  /// It is never modified: one epoll_ctl in a descriptor's life. An edge that was not used up comes
  /// no more: see make_ready().
  [[nodiscard]] std::error_code watch(int fd, Token token) noexcept;
  /// The same for a descriptor that only reads, level-triggered: signals and wake-ups.
  [[nodiscard]] std::error_code watch_level(int fd, Token token) noexcept;

  /// Serves `token` again before the loop next sleeps: there is more to do, and no edge will come.
  /// Once a turn, however often it is called. A token whose descriptor has gone is served too.
  void make_ready(Token token) { ready_.push_back(token); }

  /// The time of this turn; between turns, that of the last one.
  [[nodiscard]] TimePoint now() const { return now_; }
  [[nodiscard]] TimerQueue& timers() { return timers_; }

  void run_turn(EventSink& sink);

  struct Stats {
    std::uint64_t turns = 0;
    std::uint64_t events = 0;
    /// From wake-up to end of turn: what a client may have waited for others.
    Duration longest_turn{0};
    /// All turns together, without the sleep between them.
    Duration busy{0};
  };
  [[nodiscard]] const Stats& stats() const { return stats_; }

 private:
  [[nodiscard]] int wait_milliseconds(EventSink& sink);
  void wait(EventSink& sink);
  void note_looked(TimePoint poll_began);
  void deliver_events(EventSink& sink);
  void serve_ready(EventSink& sink);
  void account_turn();

  /// Events taken from the kernel at once. More wait for the next turn; the ready list is served in
  /// between.
  static constexpr std::size_t kMaxEvents = 256;
  /// Turns in a row that leave events in the kernel and put off deadlines and timers: more than all
  /// connections by default at once. Beyond it the flood is no burst, and time must pass in it.
  static constexpr int kMaxFullTurns = 64;

  const Clock& clock_;
  UniqueFd epoll_;
  TimePoint now_;
  TimePoint looked_at_;  ///< all that was ready by then has been delivered
  int full_turns_ = 0;   ///< in a row, in which more may have been ready than was taken
  TimerQueue timers_;
  std::vector<Token> ready_;
  std::vector<Token> serving_;
  std::array<epoll_event, kMaxEvents> events_;
  std::size_t event_count_ = 0;
  Stats stats_;
};

}  // namespace reactord
