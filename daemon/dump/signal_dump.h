// SPDX-License-Identifier: MIT
// A dump that a signal asks for: written by the loop part by part, and to its file by the helper's
// thread. One at a time: who asks meanwhile gets the one that is under way.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "daemon/interface/diagnostics.h"
#include "daemon/log/event_log.h"
#include "daemon/reactor/event_loop.h"
#include "daemon/reactor/helper_thread.h"

namespace reactord {

class SignalDump {
 public:
  /// Of one turn.
  static constexpr int kMaxPartsPerTurn = 2;
  /// From one look at the file to the next.
  static constexpr auto kPause = std::chrono::milliseconds(20);

  /// `helper` outlives it.
  SignalDump(EventLoop& loop, HelperThread& helper, EventLog& events)
      : loop_(loop), helper_(helper), events_(events) {}
  SignalDump(const SignalDump&) = delete;
  SignalDump& operator=(const SignalDump&) = delete;
  ~SignalDump() { loop_.timers().cancel(timer_); }

  /// Neither parts nor the file of one are still to be written.
  [[nodiscard]] bool is_idle() const { return !dump_ && !file_; }
  /// While is_idle(). The dump goes to dump_folder().
  void begin(std::unique_ptr<StateDump> dump, std::string request);
  /// go_on() has parts to write.
  [[nodiscard]] bool has_parts() const { return dump_ != nullptr; }
  /// Some of them.
  void go_on();

 private:
  /// What both threads know.
  struct File {
    std::unique_ptr<StateDump> dump;
    std::string folder;
    std::string problem = {};
    bool had_memory = true;
    std::atomic<bool> is_done = false;
  };

  void write_file();
  void look();
  void tell();
  void tell_failed(const std::string& folder, const std::string& problem);

  EventLoop& loop_;
  HelperThread& helper_;
  EventLog& events_;
  std::string request_;
  std::unique_ptr<StateDump> dump_;  ///< null: no parts are to be written
  std::shared_ptr<File> file_;       ///< null: no file is
  TimerQueue::TimerId timer_ = 0;
};

}  // namespace reactord
