// SPDX-License-Identifier: MIT
// A simulated client: does what its plan says, at one end of a connection, and holds what comes
// back against what it may expect.
//
//   client.cpp       comes, and connects       client_replies.cpp  what it is answered
//   client_plan.cpp  what it does              client_end.cpp      what may end its connection
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/model/dialogue.h"
#include "tests/simulation/model/world.h"

namespace simulation {

class Client final : public Endpoint::Owner {
 public:
  Client(World& world, const ClientPlan& plan);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Comes when its plan says so.
  void schedule();
  /// By now it is served, or gone: fails if it is not.
  void check_rest();
  /// SIGTERM is sent now: what the daemon's kernel has of it must be answered.
  void note_stop();
  /// The daemon is killed now: whoever is at rest, and known to be so, must not notice.
  void note_kill();
  /// The daemon has ended.
  void check_end();

  void on_wake(std::uint32_t events) override;

 private:
  enum class State : std::uint8_t { away, connecting, connected, ended };
  enum class Reading : std::uint8_t { all, slowly, nothing };

  // --- connecting ---
  void arrive();
  [[nodiscard]] Link make_link();
  void on_connected();
  void look_later();
  void look();

  // --- its plan (client_plan.cpp) ---
  void go_on();
  /// False where it waits.
  [[nodiscard]] bool act(const Action& action);
  void ask(const Action& action, bool is_resp);
  void note_command(const std::vector<std::string>& words);
  void ask_bytes(const std::string& escaped);
  void note_asked(std::size_t bytes);
  void resume_after(Moment pause);
  void put(std::size_t bytes);
  void trickle();
  void flush();
  void await(Moment patience);
  void close(bool is_reset);

  // --- replies (client_replies.cpp) ---
  void read();
  void read_some();
  void parse();
  [[nodiscard]] bool parse_one();
  [[nodiscard]] bool parse_refusal();
  [[nodiscard]] bool parse_raw(const Expected& expected);
  [[nodiscard]] bool parse_raw_last_words();
  void on_reply(const std::string& text);
  void note_reply();
  void check_id(const std::string& text);
  void on_push(const std::string& text);
  [[nodiscard]] bool is_last_word(const std::string& text) const;
  [[nodiscard]] bool is_refused_by_limit(const std::string& text) const;

  // --- the end (client_end.cpp) ---
  void on_end(bool is_reset);
  void check_rest_of_reader();
  void check_rest_in_backlog();
  void watch_liveness();
  void check_liveness() const;
  void note_slow_request();
  [[nodiscard]] bool is_owed_now() const;
  void forget(bool was_connected);
  void judge_end(bool is_reset) const;
  [[nodiscard]] bool may_be_reset() const;
  [[nodiscard]] std::string why_it_may_end() const;
  [[nodiscard]] bool may_lose_replies() const;
  [[nodiscard]] bool may_be_left_behind() const;
  [[nodiscard]] bool is_at_rest() const;
  [[nodiscard]] bool may_be_refused() const;
  [[nodiscard]] bool may_have_timed_out() const;
  [[nodiscard]] bool may_have_stalled() const;
  [[nodiscard]] bool may_wait_in_backlog() const { return replies_ == 0 && may_be_refused(); }
  [[nodiscard]] bool is_request_incomplete() const { return handed_ < asked_ends_.total; }
  [[nodiscard]] std::string name() const;

  World& world_;
  const ClientPlan& plan_;
  Random random_;
  Dialogue dialogue_;
  State state_ = State::away;
  std::shared_ptr<Endpoint> end_;
  std::uint32_t ip_ = 0;
  bool is_unix_ = false;
  bool is_admin_ = false;
  BeyondLimit beyond_limit_ = BeyondLimit::nothing;  ///< of its listener's requests
  bool will_look_ = false;
  bool is_watched_ = false;  ///< by watch_liveness()

  std::size_t next_action_ = 0;
  std::uint64_t waiting_ = 0;  ///< counts what it waited for, so that an old timer is known
  bool is_waiting_ = false;
  bool is_awaiting_ = false;
  bool is_trickling_ = false;
  std::int64_t trickle_pause_ = 0;

  std::string unsent_;    ///< asked, and not to be sent yet
  std::string outgoing_;  ///< to be sent, and not taken by its kernel yet
  /// Where in the stream requests end.
  struct Ends {
    std::size_t total = 0;
    std::vector<std::size_t> ends;
    std::vector<std::size_t> replies;  ///< that all requests up to there get
  } asked_ends_;
  std::size_t longest_request_ = 0;
  std::size_t daemons_room_ = 0;          ///< in the socket at its end
  std::size_t handed_ = 0;                ///< bytes that its kernel has taken
  std::optional<Moment> first_whole_at_;  ///< its first request was handed over whole
  Moment incomplete_since_{0};
  Moment slowest_request_{0};  ///< from a request's first byte to its last
  Moment last_handed_{0};      ///< bytes went
  Moment last_moved_{0};       ///< they came or went

  Reading reading_ = Reading::all;
  std::int64_t read_bytes_ = 0;
  std::optional<Moment> not_reading_since_;
  bool has_read_slowly_ = false;
  std::string received_;
  std::deque<Expected> expected_;
  std::size_t replies_ = 0;
  std::size_t wanted_replies_ = 0;
  std::size_t must_answer_ = 0;
  bool is_stop_noted_ = false;
  std::string id_;  ///< as CLIENT ID has told it
  std::string last_words_;
  bool has_closed_ = false;    ///< leave, reset, vanish
  bool has_finished_ = false;  ///< FIN, as soon as all is sent
  bool has_sent_fin_ = false;
  bool was_reset_ = false;
  bool is_refused_ = false;
  bool is_farewell_ = false;  ///< its last reply is in words of another protocol
  bool has_quit_ = false;     ///< what follows is not answered
  bool answers_pushes_ = false;
  bool has_state_ = false;        ///< what a crash does not leave behind: a transaction, a seat
  bool may_go_in_crash_ = false;  ///< it was not at rest when the daemon was killed
  std::optional<Moment> first_heard_;
  Moment connected_at_{0};
  Moment last_heard_{0};
};

}  // namespace simulation
