// SPDX-License-Identifier: MIT
// The connections that have to log in and have not: how many there may be, in all and from one
// place, and how long each has. Owns no connection.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>

#include "daemon/connection/connection_table.h"
#include "daemon/reactor/deadline_queue.h"
#include "daemon/reactor/event_loop.h"
#include "daemon/users/guesses.h"

namespace reactord {

class BeforeLogin {
 public:
  BeforeLogin(EventLoop& loop, ConnectionTable& connections)
      : loop_(loop), connections_(connections) {}
  ~BeforeLogin();
  BeforeLogin(const BeforeLogin&) = delete;
  BeforeLogin& operator=(const BeforeLogin&) = delete;

  void set_limits(std::size_t most, Duration deadline);
  [[nodiscard]] bool has_room_for(const LoginSource& source) const;
  /// Its time begins. Throws std::bad_alloc.
  void add(const Connection& connection, const LoginSource& source);
  void forget(SlotId connection) noexcept;
  /// Its time was over while its password was looked at: it has had its last try.
  [[nodiscard]] bool is_overdue(SlotId connection) const;
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }

 private:
  /// Of the room, so much may be taken by one source: nobody keeps all others out.
  static constexpr std::size_t kShare = 4;
  /// Last words, a FIN and a line in the log: some 15 microseconds each.
  static constexpr int kMaxEndsPerTurn = 32;

  struct Login;
  struct Waiting : DeadlineLink<Login> {
    SlotId connection = 0;
    LoginSource source{};
    bool is_overdue = false;
  };

  void schedule();
  void expire();
  void end(Waiting& waiting);

  EventLoop& loop_;
  ConnectionTable& connections_;
  std::size_t most_ = 1;
  DeadlineQueue<Login> deadlines_{Duration::zero()};
  std::unordered_map<SlotId, Waiting> waiting_;
  std::map<LoginSource, std::size_t> by_source_;
  TimerQueue::TimerId timer_ = 0;
};

}  // namespace reactord
