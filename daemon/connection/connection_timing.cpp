// SPDX-License-Identifier: MIT
// Which of a connection's deadlines runs when, and what becomes of a connection that has let one
// pass. Whether it has is judged in connection_deadlines.cpp.
#include "daemon/connection/connection.h"

namespace reactord {

namespace {

constexpr std::string_view kTooLate =
    "ERR timeout: the request was not complete in time, see deadlines in the server's "
    "configuration";

}  // namespace

void Connection::note_answers(Duration latency, std::uint64_t requests) noexcept {
  figures_.add_answers(latency, requests);
  loop().latencies.record(policy_, latency, requests);
}

void Connection::look_at_socket() noexcept {
  may_receive_ = may_send_ = true;
  schedule();
}

/// No time has run meanwhile.
void Connection::resume_input() noexcept {
  const bool was_held_back = is_held_back_;
  is_held_back_ = false;
  if (was_held_back) go_on_with_input();
}

void Connection::end_pause() noexcept {
  const bool was_paused = is_paused_;
  is_paused_ = false;
  if (was_paused) go_on_with_input();
}

void Connection::go_on_with_input() noexcept {
  if (!past_first_) loop().deadlines.first_request.arm(*this, host().now());
  schedule();
}

void Connection::on_deadline(DeadlineKind kind) noexcept {
  switch (kind) {
    case DeadlineKind::first_request:
      return end(CloseReason::closed_first_request, kTooLate);
    case DeadlineKind::frame:
      return end(CloseReason::closed_frame, kTooLate);
    case DeadlineKind::idle:
      return end(CloseReason::closed_idle);
    case DeadlineKind::write_stall:
      return abort(CloseReason::closed_write_stall);
    case DeadlineKind::linger:
      return become_closed(stream_->delivery() == Delivery::arrived ? InOrder::yes : InOrder::no);
  }
}

void Connection::unsubscribe() noexcept {
  --subscriptions_;
  update_input_deadline();
}

void Connection::restart_idle_deadline() noexcept {
  if (past_first_ && kept_ != Kept::part_of_frame) DeadlineLink<InputDeadline>::cancel();
  update_input_deadline();
}

void Connection::update_input_deadline() noexcept {
  // The client is not slow while we are: no time runs while a request or our output is waited for.
  if (is_ending() || is_input_ended() || is_input_paused()) {
    DeadlineLink<InputDeadline>::cancel();
    frame_timed_ = false;
  } else if (kept_ == Kept::part_of_frame) {
    if (!frame_timed_) time_frame();
  } else if (past_first_) {
    time_idle();
  }
}

void Connection::time_frame() noexcept {
  DeadlineLink<InputDeadline>& link = *this;
  frame_timed_ = true;
  if (!past_first_ && link.is_armed() && is_first_request_nearer()) return;
  loop().deadlines.frame.arm(link, host().now());
}

/// The first request has a deadline already, which no beginning of a frame may put off. From the
/// time of the accept, since frames that came to nothing may have taken the link since.
bool Connection::is_first_request_nearer() const noexcept {
  const ConnectionDeadlines& deadlines = loop().deadlines;
  if (deadlines.frame.length() == Duration::zero()) return true;
  if (deadlines.first_request.length() == Duration::zero()) return false;
  const TimePoint accepted{std::chrono::seconds(created_)};
  return accepted + deadlines.first_request.length() <= host().now() + deadlines.frame.length();
}

/// A frame has come to nothing. The first request is left its nearer deadline.
void Connection::stop_frame_time() noexcept {
  frame_timed_ = false;
  if (past_first_) DeadlineLink<InputDeadline>::cancel();
}

/// Whoever waits for a reply is not idle, nor is who is still taking one: for that there is
/// write_stall.
void Connection::time_idle() noexcept {
  DeadlineLink<InputDeadline>& link = *this;
  DeadlinesOfKind<InputDeadline>& idle = loop().deadlines.idle;
  if (idle.length() == Duration::zero() || is_subscribed() || is_pending() || !output_.empty())
    return link.cancel();
  if (!link.is_armed()) idle.arm(link, host().now());
}

/// A request was served: the time for whatever comes next begins.
void Connection::note_activity() noexcept {
  last_active_ = seconds_now();
  DeadlineLink<InputDeadline>::cancel();
  frame_timed_ = false;
}

void Connection::update_write_stall(bool progress) noexcept {
  DeadlineLink<OutputDeadline>& link = *this;
  if (output_.empty()) return link.cancel();
  if (progress || !link.is_armed()) loop().deadlines.write_stall.arm(link, host().now());
}

}  // namespace reactord
