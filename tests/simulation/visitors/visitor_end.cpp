// SPDX-License-Identifier: MIT
// What may end a visitor's connection, and what must, by when (daemon/http/http_engine.cpp).
// Whatever is not named here must not happen.
#include <fmt/format.h>

#include <algorithm>

#include "tests/simulation/model/verdict.h"
#include "tests/simulation/visitors/visitor.h"

namespace simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The daemon's: nobody is ended sooner.
constexpr Moment kIdle = seconds(30);
constexpr Moment kLongestVisit = seconds(60);
constexpr Moment kLongestPiece = seconds(5);
constexpr Moment kLeastStay = seconds(1);
/// Of these: seconds are what they are counted in, and the network takes its time.
constexpr Moment kSlack = seconds(2);
/// And nobody much later.
constexpr Moment kNoticed = seconds(6);
/// An answer, or the next second of a stream.
constexpr Moment kLongestSilence = milliseconds(4500);
/// What the other end must hear of ours, also where it stands still for a while.
constexpr Moment kForgotten = seconds(5);
constexpr Moment kForgottenLate = seconds(300);

}  // namespace

// --- why it may end ------------------------------------------------------------------------------

/// HTTP is no part of what outlives a process.
bool Visitor::has_lost_its_process() const {
  return world_.is_stopping() || world_.has_restarted;
}

/// Others want its place. The daemon counts from its answer, of which the visitor reads later.
bool Visitor::may_be_sent_away() const {
  return world_.most_visitors >= world_.rules.max_visitors &&
         world_.now() - std::min(answered_at_, last_handed_) >= kLeastStay - milliseconds(100);
}

/// Behind an answer that ends the connection nothing is read any more: what comes is answered by a
/// reset, which may overtake that answer, and those before it.
bool Visitor::has_asked_too_much() const {
  const auto last = std::ranges::find_if(questions_, &Question::may_be_last);
  return last != questions_.end() && handed_ > last->end;
}

/// "" if nothing explains it.
std::string Visitor::why_it_may_end() const {
  const Moment now = world_.now();
  if (has_closed_) return "it has closed";
  if (has_finished_) return "it has finished";
  if (is_hostile_) return "it has sent nonsense";
  if (was_told_last_) return "it was told";
  if (has_lost_its_process()) return "the daemon stops";
  if (may_be_sent_away()) return "others came";
  if (has_asked_too_much()) return "it has asked too much";
  // The library watches a socket once there is nothing to read, whatever was answered before.
  if (world_.has_fault("watch_fails")) return "not taken in";
  if (world_.may_be_late()) return "the daemon is late";
  // Answers may still be on their way when the daemon has been without a question for long.
  if (!is_streaming_ && now - last_handed_ >= kIdle - kSlack) return "it was idle";
  if (handed_ <= answered_ || questions_.empty() || handed_ < questions_.front().end)
    if (now - answered_at_ >= kLongestVisit - kSlack) return "it was too late";
  const Moment deaf = not_reading_since_ ? now - *not_reading_since_ : longest_deafness_;
  if (deaf >= kLongestPiece - kSlack) return "it did not read";
  return {};
}

bool Visitor::may_lose_answers() const {
  return was_told_last_ || (!why_it_may_end().empty() && !questions_.empty());
}

bool Visitor::may_be_reset() const {
  return has_closed_ || has_finished_ || is_hostile_ || has_lost_its_process() ||
         may_be_sent_away() || world_.may_be_late() || world_.has_fault("watch_fails") ||
         not_reading_since_ || longest_deafness_.count() > 0 || has_read_slowly_ ||
         handed_ > answered_;
}

void Visitor::on_end(bool is_reset) {
  if (state_ == State::ended) return;
  const bool was_connected = state_ == State::connected;
  // A FIN that cuts off an answer without a length cannot be told from its end.
  if (was_connected && !is_reset && reader_.take_end() && why_it_may_end().empty()) on_answer();
  state_ = State::ended;
  world_.kernel.timeline.after(world_.may_be_late() ? kForgottenLate : kForgotten,
                               [this] { --world_.visitors; });
  if (!has_closed_) end_->close(false);
  if (was_connected) return judge_end(is_reset || was_reset_);
  if (!has_lost_its_process()) fail("listening", fmt::format("{} could not connect", name()));
}

void Visitor::judge_end(bool is_reset) const {
  const std::string why = why_it_may_end();
  const char* const how = is_reset ? "reset" : "FIN";
  if (why.empty())
    fail("ends", fmt::format("{} lost its connection ({}) for no reason, {} answers owed", name(),
                             how, questions_.size()));
  if (!questions_.empty() && !may_lose_answers())
    fail("one request, one reply",
         fmt::format("{} ended ({}) with {} answers owed, the first to {}", name(), how,
                     questions_.size(), questions_.front().path));
  if (is_reset && !may_be_reset()) fail("ends", fmt::format("{} was reset: {}", name(), why));
}

// --- what must be, and by when -------------------------------------------------------------------

/// Looks every second.
void Visitor::watch() {
  world_.kernel.timeline.after(seconds(1), [this] {
    if (state_ != State::connected || has_closed_) return;
    check_bounds();
    watch();
  });
}

/// Nothing is promised to whoever waits in the backlog, or for a daemon that stands still.
bool Visitor::is_excused() const {
  return end_->is_abandoned() || world_.may_be_late() || has_lost_its_process() ||
         (answers_ == 0 &&
          (world_.most_visitors >= world_.rules.max_visitors || world_.has_fault("accept_fails")));
}

/// A whole question is there, and it reads.
bool Visitor::is_owed() const {
  return !questions_.empty() && handed_ >= questions_.front().end && outgoing_.empty() &&
         reading_ == Reading::all && !is_hostile_ && !has_finished_;
}

void Visitor::check_bounds() const {
  if (is_excused()) return;
  const Moment now = world_.now();
  const Moment silence = now - last_moved_;
  check_liveness(silence);
  const auto late = [this](const char* what) {
    fail("deadlines", fmt::format("{} {}, and is still connected", name(), what));
  };
  if (silence > kIdle + kNoticed && !is_streaming_ && reading_ == Reading::all) late("is idle");
  if (was_told_last_ && silence > kNoticed && reading_ == Reading::all) late("was told the end");
  if (has_finished_ && outgoing_.empty() && silence > kNoticed + kLongestPiece)
    late("has finished");
  const bool is_asking = questions_.empty() || handed_ < questions_.front().end;
  if (is_asking && now - answered_at_ > kLongestVisit + kNoticed) late("has taken long to ask");
}

void Visitor::check_liveness(Moment silence) const {
  if (is_owed() && silence > kLongestSilence)
    fail("liveness", fmt::format("{} has waited {} ms for {}", name(), silence / milliseconds(1),
                                 questions_.front().path));
}

/// Nobody's plan is that long.
void Visitor::check_rest() {
  if (state_ == State::ended || state_ == State::away || has_closed_) return;
  if (state_ == State::connecting) fail("rest", fmt::format("{} was not taken in", name()));
  if (!end_->is_abandoned()) fail("deadlines", fmt::format("{} is still connected", name()));
}

void Visitor::check_end() {
  if (state_ == State::connected && reading_ == Reading::all && !has_closed_)
    fail("ends", fmt::format("{} was not told of the end", name()));
}

}  // namespace simulation
