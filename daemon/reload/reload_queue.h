// SPDX-License-Identifier: MIT
// Who has asked for a reload, and when it begins. Loading takes its time, so it happens beside the
// loop; what is loaded is put in force by the loop. One reload at a time: whoever asks while it
// loads, or before it may begin, waits for the next one, which is one for all of them.
//
//   ask() -> [pause] -> plan, on the helper's thread -> finish, in the loop -> the askers' answers
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/interface/service.h"
#include "daemon/reactor/event_loop.h"
#include "daemon/reactor/helper_thread.h"
#include "daemon/reactor/unique_fd.h"
#include "daemon/reload/reload.h"

namespace reactord {

class ReloadQueue {
 public:
  using Answer = std::function<void(const ReloadOutcome&)>;
  using Finish = std::function<ReloadOutcome(const std::string& request, ReloadPlan plan)>;

  /// From one reload to the next that a signal asks for: a storm of them leaves the loop to the
  /// clients.
  static constexpr auto kPause = std::chrono::milliseconds(100);
  /// Who hears of one reload; whoever asks beyond that waits in vain, and says so.
  static constexpr std::size_t kMaxAnswers = 64;

  /// `reload` outlives the helper's thread. The loop knows the queue as `token`. Throws
  /// std::system_error.
  ReloadQueue(EventLoop& loop, Token token, HelperThread& helper, const Reload& reload,
              const Config& running, Finish finish);

  /// Somebody has asked, who is not to be asked again; `request` says who, for the log.
  void ask(std::string request, Answer answer);
  /// Many may ask: the reload begins kPause after the last one at the earliest.
  void ask_in_a_while(std::string request);
  /// Of the next reload. Wants no memory after ask_in_a_while().
  void answer_next(Answer answer);
  /// There is a reload to come that has not begun to load.
  [[nodiscard]] bool is_asked() const { return !request_.empty(); }

  /// The loop has news of `token`.
  void on_event();

 private:
  /// What both threads know.
  struct Job {
    Config running;
    ReloadPlan plan = {};
    std::atomic<bool> is_done = false;
  };

  void note(std::string request);
  void schedule();
  void begin();

  EventLoop& loop_;
  HelperThread& helper_;
  const Reload& reload_;
  const Config& running_;
  Finish finish_;
  std::shared_ptr<UniqueFd> is_loaded_;  ///< eventfd(2); the helper's, too
  std::string request_;                  ///< of the reload to come; empty: nobody has asked
  std::vector<Answer> answers_;
  std::shared_ptr<Job> loading_;  ///< null: nothing is
  std::string loading_request_;
  std::vector<Answer> loading_answers_;
  TimerQueue::TimerId timer_ = 0;
  TimePoint next_;
};

}  // namespace reactord
