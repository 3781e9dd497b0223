// SPDX-License-Identifier: MIT
// A simulated client of the HTTP listener: asks what its plan says, and holds the answers, and how
// long they take, against what is promised.
//
//   visitor.cpp    what it asks, and is answered       visitor_end.cpp    what may end its
//                                                                         connection, and when
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "tests/simulation/clients/caller.h"
#include "tests/simulation/visitors/event_stream.h"
#include "tests/simulation/visitors/http_reader.h"
#include "tests/simulation/visitors/questions.h"

namespace simulation {

class Visitor final : public Caller {
 public:
  Visitor(World& world, const ClientPlan& plan) : Caller(world, plan) {}

  void check_rest() override;
  void note_stop() override {}
  void note_kill() override {}
  void check_end() override;

 private:
  void arrive() override;
  void on_connected() override;

  // --- questions and answers ---
  [[nodiscard]] bool act_of_kind(const Action& action) override;
  void ask(const Action& action);
  void on_put() override {}
  void on_handed(std::size_t bytes) override;
  [[nodiscard]] bool is_content() const override { return questions_.empty(); }
  void parse() override;
  void take_answers();
  void take_events();
  void on_answer();
  void check_answer(const Question& question) const;
  [[nodiscard]] bool is_right_status(const Question& question) const;

  // --- the end (visitor_end.cpp) ---
  void on_end(bool is_reset) override;
  void judge_end(bool is_reset) const;
  [[nodiscard]] std::string why_it_may_end() const;
  [[nodiscard]] bool may_lose_answers() const;
  [[nodiscard]] bool may_be_reset() const;
  [[nodiscard]] bool may_be_sent_away() const;
  [[nodiscard]] bool has_asked_too_much() const;
  [[nodiscard]] bool has_lost_its_process() const;
  void watch();
  void check_bounds() const;
  void check_liveness(Moment silence) const;
  [[nodiscard]] bool is_owed() const;
  [[nodiscard]] bool is_excused() const;

  std::deque<Question> questions_;  ///< that are not answered yet
  HttpReader reader_;
  EventStream events_;
  std::size_t asked_ = 0;     ///< bytes of questions
  std::size_t handed_ = 0;    ///< ... that its kernel has taken
  std::size_t answered_ = 0;  ///< ... up to the last that was answered
  std::size_t answers_ = 0;
  bool is_hostile_ = false;  ///< it has sent what is no question
  bool is_streaming_ = false;
  bool was_told_last_ = false;  ///< nothing comes behind the answer that it has got
  Moment answered_at_{0};       ///< or connected
  Moment last_handed_{0};       ///< the same, or bytes went
};

}  // namespace simulation
