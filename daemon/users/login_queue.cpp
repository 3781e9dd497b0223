// SPDX-License-Identifier: MIT
#include "daemon/users/login_queue.h"

#include <algorithm>
#include <utility>

#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// What a worker does, and may touch. All of it is compared, whatever was right before, and as many
/// for a user with none.
struct Comparison {
  SecretText password;
  std::vector<User::Hash> hashes;
  std::size_t of_user = 0;  ///< the first so many count
  bool is_right = false;

  void run() {
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      const bool matches = hashes[i]->matches(password.view());
      is_right = is_right || (matches && i < of_user);
    }
  }
};

std::shared_ptr<Comparison> comparison_of(const LoginAttempt& attempt,
                                          const std::vector<User::Hash>& stand_ins) {
  auto comparison = std::make_shared<Comparison>();
  comparison->password = SecretText(attempt.password.view());
  if (attempt.user != nullptr) comparison->hashes = attempt.user->slow_hashes;
  comparison->of_user = comparison->hashes.size();
  while (comparison->hashes.size() < stand_ins.size())
    comparison->hashes.push_back(stand_ins[comparison->hashes.size()]);
  return comparison;
}

}  // namespace

LoginQueue::~LoginQueue() {
  *is_alive_ = false;
  loop_.timers().cancel(timer_);
  // The timers of those that are held outlive whom they would tell.
  for (const Attempt& attempt : attempts_) attempt->told = {};
}

bool LoginQueue::add(LoginAttempt attempt) {
  if (attempts_.size() >= kMaxAttempts) return false;
  const LoginSource source = attempt.source;
  auto kept = std::make_shared<LoginAttempt>(std::move(attempt));
  Source& of_source = sources_[source];
  if (of_source.attempts >= kMaxOfSource) return false;
  attempts_.insert(kept);
  ++of_source.attempts;
  of_source.waiting.push_back(std::move(kept));
  wake_at(loop_.now());
  return true;
}

/// Without memory for a timer the next attempt, or the end of a check, goes on.
void LoginQueue::go_on() noexcept {
  (void)has_memory_for([this] { begin_some(); });
}

/// Whoever may be checked, each source in its turn.
void LoginQueue::begin_some() {
  int begun = 0;
  for (std::size_t passed = 0; passed < sources_.size() && at_once_ < kMaxAtOnce;) {
    if (begun == kMaxBegunPerTurn) return wake_at(loop_.now());
    auto at = sources_.upper_bound(last_);
    if (at == sources_.end()) at = sources_.begin();
    last_ = at->first;
    ++passed;
    if (!take_turn(at)) continue;
    ++begun;
    passed = 0;
  }
}

/// False where it has nobody, or has to wait. The source may be gone afterwards.
bool LoginQueue::take_turn(Sources::iterator at) {
  Source& source = at->second;
  if (source.waiting.empty() || source.is_checking) return false;
  const TimePoint not_before = guesses_.not_before(at->first);
  if (not_before > loop_.now()) {
    wake_at(not_before);
    return false;
  }
  const Attempt attempt = std::move(source.waiting.front());
  source.waiting.pop_front();
  begin(attempt);
  return true;
}

void LoginQueue::begin(const Attempt& attempt) noexcept {
  if (!is_there_(attempt->client)) return end(attempt, LoginResult::refused);
  // Another connection of the same pool may have been here meanwhile.
  bool is_known = false;
  bool is_begun = false;
  const bool has_memory = has_memory_for([&] {
    is_known = attempt->user != nullptr && right_.knows(*attempt->user, attempt->password.view());
    is_begun = !is_known && !stand_ins_.empty() && check(attempt);
  });
  if (is_begun) return;
  if (is_known) return end(attempt, LoginResult::accepted);
  if (has_memory && stand_ins_.empty()) return refuse(attempt);
  end(attempt, LoginResult::busy);
}

/// False where the workers have no room.
bool LoginQueue::check(const Attempt& attempt) {
  const auto comparison = comparison_of(*attempt, stand_ins_);
  const WorkerPool::Taken taken =
      workers_.run([comparison] { comparison->run(); },
                   [this, is_alive = is_alive_, attempt, comparison](std::exception_ptr problem) {
                     if (!*is_alive) return;
                     --at_once_;
                     sources_.find(attempt->source)->second.is_checking = false;
                     if (problem == nullptr) return on_checked(attempt, comparison->is_right);
                     end(attempt, LoginResult::busy);
                     go_on();
                   });
  if (taken.id == 0) return false;
  ++at_once_;
  sources_.find(attempt->source)->second.is_checking = true;
  return true;
}

void LoginQueue::on_checked(const Attempt& attempt, bool is_right) noexcept {
  if (is_right) {
    (void)has_memory_for([&] { right_.remember(*attempt->user, attempt->password.view()); });
    end(attempt, LoginResult::accepted);
  } else {
    refuse(attempt);
  }
  go_on();
}

/// Not yet; at once where there is no memory for a timer.
void LoginQueue::refuse(const Attempt& attempt) noexcept {
  attempt->password = SecretText();
  const bool is_held = has_memory_for([&] {
    const TimePoint next = guesses_.note(attempt->source, loop_.now());
    const TimePoint due = std::max(next, attempt->arrived + kLeastRefusal);
    (void)loop_.timers().add(due, [this, is_alive = is_alive_, attempt] {
      if (*is_alive) end(attempt, LoginResult::refused);
    });
  });
  if (!is_held) end(attempt, LoginResult::refused);
}

void LoginQueue::end(const Attempt& attempt, LoginResult result) noexcept {
  attempts_.erase(attempt);
  const auto source = sources_.find(attempt->source);
  if (--source->second.attempts == 0) sources_.erase(source);
  if (is_there_(attempt->client)) finish_(*attempt, result);
}

void LoginQueue::wake_at(TimePoint when) {
  if (timer_ != 0 && timer_due_ <= when) return;
  loop_.timers().cancel(std::exchange(timer_, 0));
  timer_due_ = when;
  timer_ = loop_.timers().add(when, [this] {
    timer_ = 0;
    go_on();
  });
}

}  // namespace reactord
