// SPDX-License-Identifier: MIT
#include "daemon/connection/connection.h"

#include <cstring>

namespace reactord {

namespace {

/// Nobody is left to take the reply that is still being waited for.
constexpr std::string_view kNobodyWaits = "connection reset";

}  // namespace

void Connection::start() noexcept {
  created_ = last_active_ = seconds_now();
  loop().deadlines.first_request.arm(*this, host().now());
}

Connection::Seconds Connection::seconds_now() const noexcept {
  const auto since_epoch = host().now().time_since_epoch();
  return static_cast<Seconds>(
      std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count());
}

std::chrono::seconds Connection::seconds_since(Seconds then) const noexcept {
  return std::chrono::seconds(seconds_now() - then);
}

void Connection::on_event(Readiness readiness) noexcept {
  if (has_memory_for([&] { take_turn(readiness); })) return;
  loop().give_up_turn();
  loop().sink.give_up_batch();
  abort(CloseReason::closed_out_of_memory);
}

void Connection::take_turn(Readiness readiness) {
  // By an event: its place on the ready list, if it has one, stays.
  if (readiness.is_none()) scheduled_ = false;
  const bool is_over = readiness.peer_finished || readiness.hung_up;
  const bool is_news = is_over && !is_fin_announced_;
  if (readiness.readable || is_over) may_receive_ = true;
  if (readiness.writable || readiness.hung_up) may_send_ = true;
  if (is_over || readiness.urgent) reads_to_block_ = true;
  if (is_over) is_fin_announced_ = true;
  if (readiness.hung_up) is_hung_up_ = true;
  switch (state_) {
    case State::open:
      serve_turn();
      if (is_hung_up_ && is_pending()) [[unlikely]]
        abort(CloseReason::closed_reset, kNobodyWaits);
      return;
    case State::overlapping:
    case State::pending:
      if (readiness.hung_up) return abort(CloseReason::closed_reset, kNobodyWaits);
      if (is_news) host().on_peer_finished(*this);
      return serve_turn();
    case State::flushing:
      if (!output_.empty()) flush(output_);
      return settle();
    case State::discarding:
      return discard_input();
    case State::confirming:
      return await_confirmation(readiness);
    case State::closed:
      return;
  }
}

void Connection::set_principal(std::shared_ptr<const Principal> who, std::string_view user,
                               bool must_log_in) {
  if (policy_.limiter != nullptr) policy_.limiter->count(*this, -1);
  session_.set_principal(std::move(who), user, must_log_in);
  if (policy_.limiter != nullptr) policy_.limiter->count(*this, +1);
  limits_ = must_log_in ? &loop().login_limits : &loop().parser_limits;
}

// --- the end -----------------------------------------------------------------------------------

void Connection::end(CloseReason reason, std::string_view last_words,
                     std::string_view detail) noexcept {
  if (is_ending()) return;
  if (!last_words.empty() && owes_answer()) {
    if (!has_memory_for([&] { ReplyWriter(output(), reply_encoding_).error(last_words); }))
      return abort(reason, detail);
    figures_.note_error(loop().sink.note_error(last_words));
  }
  state_ = State::flushing;
  host().on_end(*this, reason, detail);
  settle();
}

/// Whoever is ending already has told why: one end, one reason.
void Connection::abort(CloseReason reason, std::string_view detail) noexcept {
  if (!is_ending()) host().on_end(*this, reason, detail);
  // A reply that is cut off must not look whole: FIN would say that all of it was sent.
  if (!output_.empty()) stream_->reset_on_close();
  become_closed(InOrder::no);
}

/// The kernel gives up on whoever takes nothing for write_stall (TCP_USER_TIMEOUT), perhaps a
/// moment before our own deadline does: the reason is the same.
void Connection::lose(const IoResult& result) noexcept {
  if (result.is_timeout()) return abort(CloseReason::closed_write_stall);
  abort(CloseReason::closed_reset, std::strerror(result.error));
}

void Connection::drain() noexcept {
  if (is_ending()) return;
  if (input_state_ == Input::flowing) input_state_ = Input::draining;
  may_receive_ = reads_to_block_ = true;
  is_held_back_ = is_paused_ = false;
  // A client that was answered a moment ago may be sending its next request right now.
  must_linger_ = !output_.empty() || (must_linger_ && idle() <= loop().deadlines.linger.length());
  settle();
}

/// The input has ended: so does the connection, once all of it is answered and the answers are
/// sent. Until then it is open, and whatever cuts it short is its reason.
void Connection::end_if_answered() noexcept {
  if (state_ != State::open || !is_input_ended()) return;
  if (kept_ == Kept::frames || !output_.empty()) return;
  if (input_state_ == Input::ended_by_fin) return end(CloseReason::closed_by_client);
  if (input_state_ == Input::cut_off) return end(CloseReason::closed_cut_off);
  end(CloseReason::closed_drained, "ERR the server is stopping");
}

void Connection::finish_sending() noexcept {
  const bool has_fin = input_state_ == Input::ended_by_fin || input_state_ == Input::cut_off;
  if (const IoStatus end = stream_->send_end(); end == IoStatus::would_block)
    return await_room_for_end();
  else if (end == IoStatus::lost)
    return become_closed(InOrder::no);
  // close(2) sends the FIN.
  if (!must_linger_ || (has_fin && !wants_receipt_)) return become_closed(InOrder::yes);
  if (!stream_->finish_sending()) return become_closed(InOrder::no);
  state_ = has_fin ? State::confirming : State::discarding;
  loop().deadlines.linger.arm(*this, host().now());
  if (has_fin) return;
  // Where a drain ended the input, the client may still be sending: that is what is lingered for.
  input_state_ = Input::flowing;
  may_receive_ = true;
}

/// The kernel tells when there is room: the connection is still flushing then.
void Connection::await_room_for_end() noexcept {
  DeadlineLink<OutputDeadline>& link = *this;
  may_send_ = false;
  if (!link.is_armed()) loop().deadlines.write_stall.arm(link, host().now());
}

/// Both sides have finished. TCP hangs up once the client's side has acknowledged everything, our
/// FIN at last, or has answered with a reset; a Unix socket at anything that happens from now on.
void Connection::await_confirmation(Readiness readiness) noexcept {
  const Delivery delivery = stream_->delivery();
  if (!readiness.hung_up || delivery == Delivery::under_way) return;
  become_closed(delivery == Delivery::lost ? InOrder::no : InOrder::yes);
}

void Connection::give_receipt(bool arrived) noexcept {
  wants_receipt_ = false;
  host().on_receipt(*this, arrived);
}

void Connection::become_closed(InOrder in_order) noexcept {
  if (state_ == State::closed) return;
  state_ = State::closed;
  note(in_order == InOrder::yes ? Standing::bound : Standing::sending);
  DeadlineLink<InputDeadline>::cancel();
  DeadlineLink<OutputDeadline>::cancel();
  release(input_);
  release(output_);
  account_memory();
  if (wants_receipt_) give_receipt(in_order == InOrder::yes);
  host().on_closed(*this);
}

// --- after a turn ------------------------------------------------------------------------------

void Connection::settle() noexcept {
  if (is_being_served()) return;
  end_if_answered();
  if (state_ == State::flushing && output_.empty()) finish_sending();
  if (is_ending()) {
    release(input_);
    kept_ = Kept::nothing;
  }
  if (output_.empty()) release(output_);  // what was written may have been taken back
  update_input_deadline();
  account_memory();
  if (loop().notes != nullptr) [[unlikely]]
    note_settled();
  if (has_more_to_do()) schedule();
}

/// True where no edge of the socket will bring the next turn.
bool Connection::has_more_to_do() const noexcept {
  switch (state_) {
    case State::open:
    case State::overlapping:
      if (has_sent_its_share()) return true;
      if (is_reader_behind() || is_held_back_ || is_paused_) return false;
      return kept_ == Kept::frames || (may_receive_ && !is_input_ended());
    case State::pending:
    case State::flushing:
      return has_sent_its_share();
    case State::discarding:
      return may_receive_;
    case State::confirming:
    case State::closed:
      return false;
  }
  return false;
}

void Connection::try_again() noexcept {
  may_receive_ = may_send_ = true;
  schedule();
}

void Connection::schedule() noexcept {
  if (scheduled_) return;
  scheduled_ = true;
  host().make_ready(*this);
}

void Connection::account_memory() noexcept {
  const std::size_t held = buffer_bytes();
  if (held == accounted_bytes_) return;
  // The kernel takes back a MiB in some 30 microseconds.
  if (held < accounted_bytes_)
    loop().work += static_cast<WorkUnits>((accounted_bytes_ - held) >> 14);
  host().on_memory_change(static_cast<std::ptrdiff_t>(held) -
                          static_cast<std::ptrdiff_t>(accounted_bytes_));
  accounted_bytes_ = static_cast<std::uint32_t>(held);
}

}  // namespace reactord
