// SPDX-License-Identifier: MIT
// Passwords that are being compared. What takes long happens on the workers' threads, two at a
// time, each source in its turn and with one at a time, so that whoever guesses waits for himself.
// A wrong password is answered late, and as late whoever it was for: the time tells no names.
//
//   add() -> waiting, by source -> checked, beside the loop -> right: told at once
//                                                           -> wrong: held -> told
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string_view>

#include "config/secrets/secret_text.h"
#include "daemon/callbacks/worker_pool.h"
#include "daemon/interface/logins.h"
#include "daemon/reactor/event_loop.h"
#include "daemon/users/guesses.h"
#include "daemon/users/right_passwords.h"
#include "daemon/users/user_table.h"

namespace reactord {

struct LoginAttempt {
  std::uint64_t client = 0;
  LoginSource source{};
  std::shared_ptr<const User>
      user;  ///< null: there is none of that name, or it may not log in here
  SecretText password;
  Logins::Told told;
  TimePoint arrived{};
};

class LoginQueue {
 public:
  /// `is_there` says whether a client still waits; `finish` is told the result of each that does.
  using IsThere = std::function<bool(std::uint64_t client)>;
  using Finish = std::function<void(LoginAttempt&, LoginResult)>;  ///< must not throw

  LoginQueue(EventLoop& loop, WorkerPool& workers, RightPasswords& right, IsThere is_there,
             Finish finish)
      : loop_(loop),
        workers_(workers),
        right_(right),
        is_there_(std::move(is_there)),
        finish_(std::move(finish)) {}
  ~LoginQueue();
  LoginQueue(const LoginQueue&) = delete;
  LoginQueue& operator=(const LoginQueue&) = delete;

  /// Compared for a user that has no slow hash, or less of them.
  void set_stand_ins(std::vector<User::Hash> stand_ins) { stand_ins_ = std::move(stand_ins); }
  /// False where there are too many. Tells nothing within the call. Throws std::bad_alloc.
  [[nodiscard]] bool add(LoginAttempt attempt);

  [[nodiscard]] std::size_t size() const { return attempts_.size(); }

  /// Waiting, being checked and held together: a connection each, and a page of memory.
  static constexpr std::size_t kMaxAttempts = 1000;
  /// Of one source: a pool of connections that begin together, and room for others.
  static constexpr std::size_t kMaxOfSource = 250;
  /// 16 MiB of memory each, and half of the default's threads: the rest is for handlers.
  static constexpr std::size_t kMaxAtOnce = 2;
  /// Of those that need no worker, each some 10 microseconds.
  static constexpr int kMaxBegunPerTurn = 32;
  /// Longer than any hash of the cost that crypt(5) advises takes.
  static constexpr Duration kLeastRefusal = std::chrono::milliseconds(500);

 private:
  using Attempt = std::shared_ptr<LoginAttempt>;
  struct Source {
    std::deque<Attempt> waiting;
    std::size_t attempts = 0;  ///< held ones and the one that is checked, too
    bool is_checking = false;
  };
  using Sources = std::map<LoginSource, Source>;

  void go_on() noexcept;
  void begin_some();
  [[nodiscard]] bool take_turn(Sources::iterator at);
  void begin(const Attempt& attempt) noexcept;
  [[nodiscard]] bool check(const Attempt& attempt);
  void on_checked(const Attempt& attempt, bool is_right) noexcept;
  void refuse(const Attempt& attempt) noexcept;
  void end(const Attempt& attempt, LoginResult result) noexcept;
  void wake_at(TimePoint when);

  EventLoop& loop_;
  WorkerPool& workers_;
  RightPasswords& right_;
  IsThere is_there_;
  Finish finish_;
  std::vector<User::Hash> stand_ins_;
  Guesses guesses_;
  Sources sources_;
  LoginSource last_{};          ///< whose turn was last
  std::set<Attempt> attempts_;  ///< all that have not ended, whoever else holds them
  std::size_t at_once_ = 0;
  TimerQueue::TimerId timer_ = 0;
  TimePoint timer_due_{};
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);  ///< what others call back looks
};

}  // namespace reactord
