// SPDX-License-Identifier: MIT
#include "tests/simulation/visitors/visitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iterator>

#include "tests/simulation/model/verdict.h"
#include "tests/simulation/script/listeners.h"
#include "tests/simulation/script/words.h"

namespace simulation {

namespace {

using std::chrono::seconds;

/// What whoever sends nonsense may be answered.
constexpr int kAnswersToNonsense[] = {200, 400, 403, 404, 405, 411, 413, 414, 421, 431, 501, 505};
/// From when on whoever asks must be told that the daemon stops.
constexpr Moment kToldByThen = seconds(3);

}  // namespace

void Visitor::arrive() {
  state_ = State::connecting;
  world_.most_visitors = std::max(world_.most_visitors, ++world_.visitors);
  dial(0x7f000200u + static_cast<std::uint32_t>(plan_.number), kHttpPort, make_link());
  end_->set_owner(this);
  look_later();
}

void Visitor::on_connected() {
  answered_at_ = last_handed_ = world_.now();
  watch();
}

// --- questions -----------------------------------------------------------------------------------

bool Visitor::act_of_kind(const Action& action) {
  switch (action.verb) {
    case Verb::ask_http:
      ask(action);
      return true;
    case Verb::bytes:
      is_hostile_ = true;
      unsent_ += unescaped(action.text);
      return true;
    default:
      fail("script", fmt::format("{} cannot do that", name()));
  }
}

void Visitor::ask(const Action& action) {
  const std::vector<std::string> words = words_of(action.text);
  if (words.size() < 2) fail("script", fmt::format("'{}' asks nothing", action.text));
  for (std::int64_t i = 0; i < action.number; ++i) {
    Question question = question_of(words);
    unsent_ += question.bytes;
    question.end = asked_ += question.bytes.size();
    if (!was_told_last_) questions_.push_back(std::move(question));
  }
}

void Visitor::on_handed(std::size_t bytes) {
  handed_ += bytes;
  last_handed_ = last_moved_ = world_.now();
}

// --- answers -------------------------------------------------------------------------------------

void Visitor::parse() {
  try {
    take_answers();
  } catch (const std::exception& problem) {
    fail("answers", fmt::format("{} got what is no answer: {}", name(), problem.what()));
  }
  if (questions_.empty()) stop_awaiting();
}

void Visitor::take_answers() {
  while (!received_.empty() && state_ == State::connected) {
    // libmicrohttpd 0.9.75 sends some of its own errors with their header fields twice.
    if (was_told_last_ && is_librarys(reader_.answer())) return received_.clear();
    if (was_told_last_ || (questions_.empty() && !is_hostile_))
      fail("answers", fmt::format("{} got more than it has asked for: {:.100}", name(), received_));
    const bool is_head = !questions_.empty() && questions_.front().method == "HEAD";
    const bool is_whole = reader_.take(received_, is_head);
    take_events();
    if (!is_whole) return;
    on_answer();
  }
}

void Visitor::take_events() {
  is_streaming_ = reader_.has_head() && !questions_.empty() && questions_.front().is_stream &&
                  reader_.answer().status == 200;
  if (is_streaming_) events_.take(reader_.take_body());
}

void Visitor::on_answer() {
  ++answers_;
  answered_at_ = world_.now();
  was_told_last_ = reader_.answer().is_last();
  if (questions_.empty()) {
    const int status = reader_.answer().status;
    if (std::ranges::find(kAnswersToNonsense, status) == std::end(kAnswersToNonsense))
      fail("answers", fmt::format("{} was answered {}", name(), status));
    return;
  }
  const Question question = std::move(questions_.front());
  questions_.pop_front();
  check_answer(question);
  answered_ = question.end;
  if (was_told_last_) questions_.clear();
}

void Visitor::check_answer(const Question& question) const {
  const HttpAnswer& answer = reader_.answer();
  if (!is_right_status(question))
    fail("answers", fmt::format("{} asked {} {}, and was answered {}: {:.80}", name(),
                                question.method, question.path, answer.status, answer.body));
  if (const std::string problem = problem_with(answer, question); !problem.empty())
    fail("answers",
         fmt::format("{} asked {} {}: {}", name(), question.method, question.path, problem));
}

bool Visitor::is_right_status(const Question& question) const {
  const int status = reader_.answer().status;
  if (question.is_stream && status == 503) return world_.rules.are_visitors_few;
  if (question.status != 0) return status == question.status;
  const std::optional<Moment> told = world_.told_to_stop_at;
  const bool must_be_ready =
      world_.times_told_to_stop == 0 && !world_.has_drained && !world_.has_restarted;
  const bool must_be_leaving =
      told && world_.now() - *told > kToldByThen && !world_.may_be_late() && !world_.has_restarted;
  return status == 503 ? !must_be_ready : status == 200 && !must_be_leaving;
}

}  // namespace simulation
