// SPDX-License-Identifier: MIT
// How a connection leaves one process and goes on in another: what is saved of it, and when it can
// be. Its socket stays as it is, and its client sees nothing of it.
#include <algorithm>
#include <iterator>

#include "daemon/connection/connection.h"
#include "daemon/connection/snapshot/saved_connection.h"

namespace reactord {

namespace {

using Milliseconds = SavedConnection::Milliseconds;

template <class Link>
Milliseconds waited(const Link& link, TimePoint now) {
  return std::chrono::duration_cast<Milliseconds>(now - link.started());
}

}  // namespace

Connection::Movable Connection::movable() const noexcept {
  const bool is_draining = input_state_ == Input::draining || input_state_ == Input::ended_by_drain;
  if (is_ending() || is_draining || input_state_ == Input::cut_off) return Movable::never;
  if (wants_receipt_ || !stream_->can_change_process()) return Movable::never;
  return state_ == State::open ? Movable::yes : Movable::not_now;
}

SavedConnection Connection::save_at_rest() const {
  SavedConnection saved;
  saved.client_id = client_id_;
  if (policy_.listener != nullptr) saved.listener = *policy_.listener;
  saved.framing = policy_.framing;
  saved.is_admin = policy_.is_admin;
  saved.peer_ip = stream_->peer_ip();
  saved.peer_port = stream_->peer_port();
  save_session(saved);
  saved.past_first = past_first_;
  saved.age = age();
  return saved;
}

SavedConnection Connection::save() const {
  const TimePoint now = host().now();
  const DeadlineLink<InputDeadline>& input_link = *this;
  const DeadlineLink<OutputDeadline>& output_link = *this;
  SavedConnection saved = save_at_rest();
  saved.input = input_.view();
  saved.has_frames = kept_ == Kept::frames;
  saved.output = output_.view();
  saved.must_linger = must_linger_;
  saved.frame_timed = frame_timed_;
  saved.is_input_timed = input_link.is_armed();
  if (saved.is_input_timed) saved.input_waited = waited(input_link, now);
  saved.is_output_timed = output_link.is_armed();
  if (saved.is_output_timed) saved.output_waited = waited(output_link, now);
  saved.idle = idle();
  saved.commands = commands_;
  saved.bytes_received = bytes_received_;
  saved.bytes_sent = bytes_sent_;
  if (const std::string* last = last_command()) saved.last_command = *last;
  return saved;
}

void Connection::save_session(SavedConnection& saved) const {
  saved.protocol = static_cast<std::uint8_t>(session_.protocol());
  saved.reply_mode = session_.reply_mode();
  saved.no_evict = session_.is_no_evict();
  saved.answers_in_resp = reply_encoding_ != ReplyEncoding::plain;
  saved.name = session_.name();
  saved.library_name = session_.library_name();
  saved.library_version = session_.library_version();
  saved.user = session_.user();
}

/// Right behind its construction. Who it is has been found out (LoginGate).
void Connection::restore(const SavedConnection& saved) {
  restore_session(saved);
  input_.append(saved.input);
  // The parser looks at all of it once more.
  if (!input_.empty()) kept_ = saved.has_frames ? Kept::frames : Kept::part_of_frame;
  output_.append(saved.output);
  past_first_ = saved.past_first;
  must_linger_ = saved.must_linger;
  kept_since_usec_ = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(host().now().time_since_epoch())
          .count());
  restore_deadlines(saved);
  commands_ = saved.commands;
  bytes_received_ = saved.bytes_received;
  bytes_sent_ = saved.bytes_sent;
  const auto& names = loop().command_names;
  const auto last = std::ranges::find_if(
      names, [&](const std::string* name) { return *name == saved.last_command; });
  if (last != names.end()) last_command_ = static_cast<std::uint16_t>(last - names.begin());
  settle();
}

void Connection::owe_again() noexcept {
  owe_reply(State::pending);
  settle();
}

void Connection::restore_session(const SavedConnection& saved) {
  session_.set_protocol(saved.protocol);
  session_.set_reply_mode(saved.reply_mode);
  session_.set_no_evict(saved.no_evict);
  if (!saved.name.empty()) session_.set_name(saved.name);
  if (!saved.library_name.empty()) session_.set_library_name(saved.library_name);
  if (!saved.library_version.empty()) session_.set_library_version(saved.library_version);
  if (policy_.framing != Framing::command)
    reply_encoding_ = line_encoding();
  else if (saved.answers_in_resp)
    reply_encoding_ = resp_encoding();
}

/// What is left of each is what was left: no time has run in between.
void Connection::restore_deadlines(const SavedConnection& saved) noexcept {
  const TimePoint now = host().now();
  created_ = seconds_now() - static_cast<Seconds>(saved.age.count());
  last_active_ = seconds_now() - static_cast<Seconds>(saved.idle.count());
  DeadlineLink<InputDeadline>& input_link = *this;
  ConnectionDeadlines& deadlines = loop().deadlines;
  input_link.cancel();
  frame_timed_ = saved.frame_timed;
  if (saved.is_input_timed) {
    const TimePoint started = now - saved.input_waited;
    if (!past_first_ && (!frame_timed_ || is_first_request_nearer()))
      deadlines.first_request.arm_earlier(input_link, started);
    else if (frame_timed_)
      deadlines.frame.arm_earlier(input_link, started);
    else
      deadlines.idle.arm_earlier(input_link, started);
  } else if (!past_first_) {
    // Its input waited, and no time ran: as behind any pause (go_on_with_input()).
    deadlines.first_request.arm(input_link, now);
  }
  if (saved.is_output_timed) deadlines.write_stall.arm_earlier(*this, now - saved.output_waited);
}

// --- what is noted of it, for whoever finds it after a crash

std::uint8_t Connection::traits() const noexcept {
  return static_cast<std::uint8_t>((session_.protocol() == 3 ? 1u : 0u) |
                                   (reply_encoding_ != ReplyEncoding::plain ? 2u : 0u) |
                                   (session_.is_no_evict() ? 4u : 0u) | (past_first_ ? 8u : 0u) |
                                   (static_cast<unsigned>(session_.reply_mode()) << 4));
}

/// Of a transaction, of subscriptions and of handlers' states only the process knows.
Standing Connection::standing() const noexcept {
  if (!output_.empty()) return Standing::sending;
  if (is_pending() || kept_ != Kept::nothing) return Standing::in_work;
  const bool is_free = state_ == State::open && !is_input_ended() && subscriptions_ == 0 &&
                       !is_bound_ && !session_.in_transaction();
  return is_free ? Standing::at_rest : Standing::bound;
}

/// While it is at rest no other thing of it changes.
void Connection::note_settled() noexcept {
  ConnectionNotes& notes = *loop().notes;
  if (session_.take_change() || traits() != notes.traits(id_)) notes.rewrite(*this);
  notes.put(id_, standing());
}

void Connection::let_go() noexcept {
  become_closed(InOrder::yes);
}

}  // namespace reactord
