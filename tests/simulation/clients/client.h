// SPDX-License-Identifier: MIT
// A simulated client of the commands, lines or numbers that the daemon serves: asks what its plan
// says, and holds what comes back against what it may expect.
//
//   client.cpp       comes, and connects       client_replies.cpp  what it is answered
//   client_plan.cpp  what it asks              client_end.cpp      what may end its connection
//   client_login.cpp who it is, and what one may have
//   client_proxy.cpp what its proxy sends first
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/clients/caller.h"
#include "tests/simulation/model/dialogue.h"

namespace simulation {

class Client final : public Caller {
 public:
  Client(World& world, const ClientPlan& plan);

  void check_rest() override;
  void note_stop() override;
  void note_kill() override;
  void check_end() override;

 private:
  void arrive() override;
  void on_connected() override;

  // --- requests (client_plan.cpp) ---
  [[nodiscard]] bool act_of_kind(const Action& action) override;
  void ask(const Action& action, bool is_resp);
  void note_command(const std::vector<std::string>& words);
  void ask_bytes(const std::string& escaped);
  void note_asked(std::size_t bytes);
  void on_put() override { watch_liveness(); }
  void on_handed(std::size_t bytes) override;

  // --- replies (client_replies.cpp) ---
  void parse() override;
  [[nodiscard]] bool is_content() const override { return expected_.empty(); }
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

  // --- who it is (client_login.cpp) ---
  void note_identity(const std::string& request);
  void note_login(const std::string& text);
  [[nodiscard]] bool is_refused_as_user(const std::string& text);
  [[nodiscard]] bool is_login_late() const;
  [[nodiscard]] Moment longest_silence(Moment usual) const;
  void count_served();

  // --- its proxy's header (client_proxy.cpp) ---
  void put_header(const Action& action);
  void note_header();
  [[nodiscard]] bool is_header_late() const;
  [[nodiscard]] bool may_stay_outside() const;
  [[nodiscard]] bool may_be_refused_as_proxy(std::string_view words) const;
  void check_header() const;
  void check_peer(std::string_view text) const;
  void check_rest_of_arrival() const;

  // --- the end (client_end.cpp) ---
  void on_end(bool is_reset) override;
  void check_rest_of_reader();
  void check_rest_in_backlog();
  void watch_liveness();
  void check_liveness() const;
  void note_slow_request();
  [[nodiscard]] bool is_owed_now() const;
  void forget();
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

  Dialogue dialogue_;
  std::uint32_t ip_ = 0;
  bool is_unix_ = false;
  bool is_admin_ = false;
  bool must_log_in_ = false;
  bool is_proxied_ = false;
  bool is_header_wrong_ = false;
  std::size_t header_end_ = 0;
  std::optional<Moment> header_at_;  ///< it was handed over whole
  std::string named_peer_;           ///< by the header; "-": it names nobody
  bool is_logged_in_ = false;
  Moment nobody_since_{0};                           ///< it has not logged in since then
  BeyondLimit beyond_limit_ = BeyondLimit::nothing;  ///< of its listener's requests
  bool is_watched_ = false;                          ///< by watch_liveness()

  /// Where in the stream requests end.
  struct Ends {
    std::size_t total = 0;
    std::vector<std::size_t> ends;
    std::vector<std::size_t> replies;  ///< that all requests up to there get
  } asked_ends_;
  std::size_t longest_request_ = 0;
  std::size_t handed_ = 0;                ///< bytes that its kernel has taken
  std::optional<Moment> first_whole_at_;  ///< its first request was handed over whole
  Moment incomplete_since_{0};
  Moment slowest_request_{0};  ///< from a request's first byte to its last
  Moment last_handed_{0};      ///< bytes went

  std::deque<Expected> expected_;
  std::size_t replies_ = 0;
  std::size_t wanted_replies_ = 0;
  std::size_t must_answer_ = 0;
  bool is_stop_noted_ = false;
  std::string id_;  ///< as CLIENT ID has told it
  std::string last_words_;
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
