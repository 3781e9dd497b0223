// SPDX-License-Identifier: MIT
// The reactor: one epoll instance, one time for a whole turn, timers, and the list of those who
// have more to do without an edge to wake them. Owns no descriptor that it watches. Knows tokens,
// not connections.
//
// One turn:  wait -> urgent events and ready list -> events -> ready list -> deadlines and timers
//            -> end of turn
//
// A turn is bounded: whoever is served tells its work (charge()), and once a part of the turn has
// had its share, the rest of that part waits for the next turn, in which the urgent come first.
//
// Deadlines and timers come at the time that the loop has looked at, which is the last one for
// which everything that was ready has been delivered: what had arrived by then is not late, however
// long the process was stopped or busy.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <system_error>

#include "daemon/reactor/clock.h"
#include "daemon/reactor/histogram.h"
#include "daemon/reactor/ready_list.h"
#include "daemon/reactor/timer_queue.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

/// Work, counted rather than timed, so that what a turn does can be tested: a unit is meant to take
/// half a microsecond at most.
using WorkUnits = std::uint32_t;
[[nodiscard]] constexpr WorkUnits work_units(std::chrono::microseconds work) {
  return static_cast<WorkUnits>(2 * work.count());
}

/// Who is served first in each turn, with a share of it that nobody else can use up.
enum class Priority : std::uint8_t { normal, urgent };

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

  [[nodiscard]] bool is_none() const {
    return !(readable || writable || peer_finished || hung_up || urgent);
  }
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
  /// The turn that has just ended took longer than set_slow_turn() says.
  virtual void on_slow_turn(Duration /*took*/) noexcept {}
  /// A timer had no memory for what it has to do, and will be tried again.
  virtual void on_timer_failed() noexcept {}
};

class EventLoop {
 public:
  /// Throws std::system_error where the kernel gives no epoll instance; nothing throws later.
  explicit EventLoop(const Clock& clock);

  /// Watches `fd` for input, urgent data, output and hang-up, edge-triggered, until it is closed.
  /// It is never modified: one epoll_ctl in a descriptor's life, unless it changes hands. An edge
  /// that was not used up comes no more: see make_ready().
  [[nodiscard]] std::error_code watch(int fd, Token token,
                                      Priority priority = Priority::normal) noexcept;
  /// From now on another token stands for a descriptor that watch() knows, of the same priority.
  /// What it is ready for is told again.
  [[nodiscard]] std::error_code rename(int fd, Token token,
                                       Priority priority = Priority::normal) noexcept;
  /// The same for a descriptor that only reads, level-triggered: signals and wake-ups.
  [[nodiscard]] std::error_code watch_level(int fd, Token token,
                                            Priority priority = Priority::normal) noexcept;

  /// What a descriptor of somebody else's is watched for. Hang-ups and errors are told with it;
  /// with neither, they are told once.
  struct Want {
    bool readable = false;
    bool writable = false;
  };
  /// Level-triggered, for descriptors whose owners do not use up what there is. Forget it before it
  /// is closed; its token may still come in this turn and the next.
  [[nodiscard]] std::error_code watch_for(int fd, Token token, Want want) noexcept;
  [[nodiscard]] std::error_code change_watch(int fd, Token token, Want want) noexcept;
  void forget(int fd) noexcept;

  /// Serves `token` again before the loop next sleeps: there is more to do, and no edge will come.
  /// Once a turn, however often it is called. A token whose descriptor has gone is served too.
  /// Throws std::bad_alloc, and changes nothing then.
  void make_ready(Token token, Priority priority = Priority::normal) {
    (priority == Priority::urgent ? urgent_ready_ : ready_).add(token);
  }

  /// The ready list holds so many without asking for memory.
  void reserve_ready(std::size_t normal, std::size_t urgent) {
    ready_.reserve(normal);
    urgent_ready_.reserve(urgent);
  }
  /// The next turn comes without a sleep, for whoever had no memory to ask for it.
  void stay_awake() { must_stay_awake_ = true; }

  /// Whoever is being served has taken this much of the turn.
  void charge(WorkUnits units) { work_ += units; }

  /// The time of this turn; between turns, that of the last one.
  [[nodiscard]] TimePoint now() const { return now_; }
  [[nodiscard]] TimerQueue& timers() { return timers_; }

  void run_turn(EventSink& sink);
  /// A turn that takes longer is told.
  void set_slow_turn(Duration slow) { slow_turn_ = slow; }

  struct Stats {
    std::uint64_t events = 0;
    /// Of its turns, in nanoseconds, from wake-up to end: what a client may have waited for others.
    Histogram lengths{};
  };
  [[nodiscard]] const Stats& stats() const { return stats_; }

 private:
  /// Events taken from the kernel at once. Those of them that a turn does not come to are the first
  /// of the next; until then nothing but urgent ones is taken.
  static constexpr std::size_t kMaxEvents = 256;

  [[nodiscard]] std::error_code add(int fd, std::uint32_t events, Token token,
                                    Priority priority) noexcept;
  [[nodiscard]] std::error_code open_urgent() noexcept;
  /// Events that the kernel has told, and how many of them were served.
  struct EventBatch {
    std::array<epoll_event, kMaxEvents> events;
    std::size_t count = 0;
    std::size_t next = 0;
    [[nodiscard]] bool empty() const { return next == count; }
  };

  [[nodiscard]] int wait_milliseconds(EventSink& sink);
  void poll(EventSink& sink);
  void note_polled(TimePoint poll_began);
  void take_events(int epoll, int timeout, EventBatch& batch);
  [[nodiscard]] bool has_urgent_news() const;
  void serve_urgent(EventSink& sink);
  void serve_events(EventBatch& batch, EventSink& sink);
  void serve_ready(ReadyList& list, EventSink& sink);
  void begin_part() { work_ = 0; }
  [[nodiscard]] bool is_part_over() const { return work_ >= kMaxWork; }
  void account_turn(EventSink& sink);

  /// Of each part of a turn: nobody else is begun with after it, so a part takes at most this and a
  /// connection's share (connection.cpp), and a turn, of which usually two parts have much to do,
  /// stays below 2 ms.
  static constexpr WorkUnits kMaxWork = 600;
  /// Timers of one turn, each with a handler's function behind it.
  static constexpr std::size_t kMaxTimersPerTurn = 32;
  /// Polls in a row that leave events in the kernel and put off deadlines and timers: more than all
  /// connections by default at once. Beyond it the flood is no burst, and time must pass in it.
  static constexpr int kMaxFullPolls = 64;
  static constexpr Token kUrgentToken = UINT64_MAX;

  const Clock& clock_;
  UniqueFd epoll_;
  UniqueFd urgent_epoll_;  ///< watched by epoll_, under kUrgentToken; none where nobody is urgent
  TimePoint now_;
  TimePoint polled_at_;  ///< all that was ready by then has been taken from the kernel
  TimePoint looked_at_;  ///< ... and delivered
  int full_polls_ = 0;   ///< in a row, in which more may have been ready than was taken
  TimerQueue timers_;
  ReadyList ready_;
  ReadyList urgent_ready_;
  EventBatch events_;
  EventBatch urgent_events_;
  bool must_stay_awake_ = false;
  WorkUnits work_ = 0;  ///< of the part of the turn that is under way
  Duration slow_turn_ = Duration::max();
  Stats stats_;
};

}  // namespace reactord
