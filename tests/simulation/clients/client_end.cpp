// SPDX-License-Identifier: MIT
// What may end a client's connection, and what may go unanswered then. Whatever is not named here
// must not happen.
#include <fmt/format.h>

#include <algorithm>

#include "tests/simulation/clients/client.h"
#include "tests/simulation/model/verdict.h"

namespace simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Of deadlines: seconds are what a connection's age is kept in; the network takes its time, too.
constexpr Moment kSlack = seconds(2);
/// From when on a connection is surely kept for the next process: once it is a second old it is
/// within the next; and what it has done is noted when the turn is over.
constexpr Moment kKept = milliseconds(2500);
constexpr Moment kSettled = milliseconds(150);
/// What a client must notice of the daemon's end of a connection, and the daemon of a client's.
constexpr Moment kNoticed = seconds(5);
/// The same of a daemon that stands still for a while, perhaps several times.
constexpr Moment kNoticedLate = seconds(300);
/// Less than the shortest deadline of a script, by which the daemon would look at a socket that it
/// has forgotten; more than a window's way there and back.
constexpr Moment kLongestSilence = milliseconds(2500);

}  // namespace

bool Client::is_last_word(const std::string& text) const {
  if (!last_words_.empty()) return false;
  if (text.starts_with("!ERR timeout:")) return may_have_timed_out();
  if (text.starts_with("!ERR closed by CLIENT KILL")) return world_.has_killed;
  if (text.starts_with("!ERR out of buffer memory")) return world_.rules.is_memory_short;
  if (text.starts_with("!ERR the server is stopping") ||
      text.starts_with("!ERR the server has stopped"))
    return world_.is_stopping() || world_.may_lose_at_restart();
  if (text.starts_with("!ERR the server restarts, and the reply was not ready"))
    return may_be_left_behind();
  // What has been answered is not in work.
  if (text.starts_with("!ERR the server crashed while a request"))
    return may_go_in_crash_ && (!expected_.empty() || is_request_incomplete() || has_state_);
  if (text.starts_with("!ERR the server was restarted, and cannot go on"))
    return world_.may_lose_at_restart();
  if (text.starts_with("!ERR Protocol error: end of input")) return has_finished_;
  return false;
}

/// In place of any reply; whoever is closed for it gets one.
bool Client::is_refused_by_limit(const std::string& text) const {
  if (expected_.empty() || !last_words_.empty()) return false;
  if (beyond_limit_ != BeyondLimit::refused && beyond_limit_ != BeyondLimit::closed) return false;
  return text.starts_with("!LIMIT too many requests") || text.starts_with("!LIMIT too many bytes");
}

bool Client::may_be_refused() const {
  if (is_admin_) return false;
  // A limit of connections is not about Unix sockets.
  const bool is_limited = plan_.listener == "commands";
  if (is_proxied_ && may_stay_outside()) return true;
  if (must_log_in_ && world_.rules.max_before_login < 1000) return true;
  if (is_limited && world_.rules.has_connection_rate) return true;
  const std::int64_t limited = world_.rules.limited_connections;
  if (is_limited && limited > 0 && world_.most_from_address[ip_] > limited) return true;
  const std::int64_t per_address = world_.rules.per_address;
  const bool is_from_many =
      per_address > 0 && !is_unix_ && world_.most_from_address[ip_] > per_address;
  return world_.most_clients >= world_.rules.max_connections || world_.has_drained || is_from_many;
}

/// deadlines.first_request and .frame, no sooner than they say.
bool Client::may_have_timed_out() const {
  const Rules& rules = world_.rules;
  const Moment now = world_.now();
  if (has_read_slowly_ || not_reading_since_) return true;  // its input waited for it
  if (is_login_late()) return true;
  // A daemon that stood still finds what lay in the socket, and of a longer request no more.
  if (world_.may_be_late() && longest_request_ > daemons_room_) return true;
  const bool is_first_late =
      rules.first_request.count() > 0 && now - connected_at_ >= rules.first_request - kSlack &&
      (!first_whole_at_ || *first_whole_at_ - connected_at_ >= rules.first_request - kSlack);
  const bool is_frame_late =
      rules.frame.count() > 0 &&
      (slowest_request_ >= rules.frame - kSlack ||
       (is_request_incomplete() && now - incomplete_since_ >= rules.frame - kSlack));
  return is_first_late || is_frame_late;
}

bool Client::may_have_stalled() const {
  return not_reading_since_ && world_.rules.write_stall.count() > 0 &&
         world_.now() - *not_reading_since_ >= world_.rules.write_stall - kSlack;
}

/// "" if nothing explains it.
std::string Client::why_it_may_end() const {
  if (has_closed_) return "it has closed";
  if (has_finished_) return "it has finished";
  if (has_quit_) return "it has quit";
  if (!last_words_.empty()) return "it was told";
  if (world_.is_stopping()) return "the daemon stops";
  if (world_.has_killed) return "it was killed";
  if (may_be_left_behind()) return "it was left behind";
  if (may_have_timed_out()) return "it was too late";
  if (may_have_stalled()) return "it did not read";
  if (world_.rules.is_memory_short) return "memory is short";
  // Replies may still be on their way when the daemon has been without a request for long.
  const Moment last_request = std::min(last_heard_, last_handed_);
  if (world_.rules.idle.count() > 0 && world_.now() - last_request >= world_.rules.idle - kSlack)
    return "it was idle";
  if (replies_ == 0 && (world_.has_fault("watch_fails") || may_be_refused())) return "not taken in";
  return {};
}

/// By a restart: everybody goes along who is between two requests, or is so within a second.
bool Client::may_be_left_behind() const {
  if (!world_.has_restarted) return false;
  if (world_.may_lose_at_restart() || world_.may_be_late() || may_go_in_crash_) return true;
  const bool has_long_reply = std::ranges::any_of(expected_, [this](const Expected& each) {
    return each.is_list || (must_log_in_ && is_login(each.request));
  });
  // No connection yet, or not known as one.
  const bool is_arrival = is_proxied_ && (replies_ == 0 || !expected_.empty());
  return has_long_reply || is_arrival || has_finished_ || has_quit_ ||
         world_.rules.is_text_for_operators;
}

bool Client::may_lose_replies() const {
  return may_be_left_behind() || has_closed_ || !last_words_.empty() || world_.is_stopping() ||
         world_.has_killed || may_have_stalled() || world_.rules.is_memory_short ||
         (replies_ == 0 && (world_.has_fault("watch_fails") || may_be_refused())) ||
         may_have_timed_out();
}

/// As the client sees it: FIN, or a reset.
void Client::on_end(bool is_reset) {
  if (state_ == State::ended) return;
  const bool was_connected = state_ == State::connected;
  state_ = State::ended;
  world_.kernel.timeline.after(world_.may_be_late() ? kNoticedLate : kNoticed,
                               [this] { forget(); });
  if (!has_closed_ && end_ != nullptr) end_->close(false);
  if (!was_connected) {
    if (!world_.is_stopping() && !may_be_refused() && !world_.may_lose_at_restart() &&
        !world_.has_crashed)
      fail("listening", fmt::format("{} could not connect", name()));
    return;
  }
  judge_end(is_reset || was_reset_);
}

/// By now the daemon knows.
void Client::forget() {
  if (ip_ != 0) --world_.from_address[ip_];
  if (end_ != nullptr && !is_admin_) --world_.clients_that_came;
}

void Client::judge_end(bool is_reset) const {
  if (const std::string why = why_it_may_end(); why.empty())
    fail("ends", fmt::format("{} lost its connection ({}) for no reason, {} replies owed", name(),
                             is_reset ? "reset" : "FIN", expected_.size()));
  if (!expected_.empty() && !may_lose_replies())
    fail("one request, one reply",
         fmt::format("{} ended ({}) with {} replies owed, the first to '{}'", name(),
                     is_reset ? "reset" : "FIN", expected_.size(), expected_.front().request));
  if (!received_.empty() && !may_lose_replies())
    fail("replies", fmt::format("{} got part of a reply: {:.200}", name(), received_));
  if (has_closed_ || is_unix_ || reading_ != Reading::all) return;
  // A socket that nobody can take out of a parcel is closed by the kernel.
  const bool is_kernels = world_.has_restarted &&
                          (world_.has_fault("taking_fails") || world_.has_fault("passing_fails"));
  const bool is_cut_off =
      !received_.empty() && !is_refused_ && !is_farewell_ && !may_go_in_crash_ && !is_kernels;
  if (is_cut_off && !is_reset)
    fail("ends", fmt::format("{} got part of a reply and FIN, as if it were whole", name()));
  if (is_reset && !may_be_reset())
    fail("ends", fmt::format("{} was reset: {}", name(), why_it_may_end()));
}

/// Where replies matter, a connection is closed in order: FIN, and what the client still sends is
/// read for a while (daemon/README.md, "discarding").
bool Client::may_be_reset() const {
  return world_.is_stopping() || world_.has_killed || may_have_stalled() || has_read_slowly_ ||
         may_be_left_behind() || not_reading_since_ || world_.rules.is_memory_short ||
         world_.may_be_late() || world_.has_fault("watch_fails") || may_be_refused() || is_admin_ ||
         is_request_incomplete() || world_.rules.linger < kNoticed;
}

/// A request that took longer than deadlines.frame must not have been waited for.
void Client::note_slow_request() {
  const Moment frame = world_.rules.frame;
  if (frame.count() == 0 || world_.may_be_late() || slowest_request_ < frame + kNoticed) return;
  if (reading_ != Reading::all || has_read_slowly_ || may_wait_in_backlog() || has_quit_) return;
  if (beyond_limit_ == BeyondLimit::slowed) return;  // it was not read meanwhile
  if (!end_->is_abandoned() && !end_->has_fin())
    fail("deadlines", fmt::format("{} took {} ms for a request, and is still connected", name(),
                                  slowest_request_ / milliseconds(1)));
}

// --- liveness ------------------------------------------------------------------------------------

/// Looks every second, for as long as it is owed something.
void Client::watch_liveness() {
  if (is_watched_) return;
  is_watched_ = true;
  world_.kernel.timeline.after(seconds(1), [this] {
    is_watched_ = false;
    if (state_ != State::connected || has_closed_ || expected_.empty()) return;
    check_liveness();
    watch_liveness();
  });
}

/// It has sent whole requests, it reads, and nothing is known that it should wait for.
bool Client::is_owed_now() const {
  if (expected_.empty() || !outgoing_.empty() || is_request_incomplete()) return false;
  if (reading_ != Reading::all || world_.rules.is_text_for_operators) return false;
  if (may_wait_in_backlog() || world_.may_be_late() || world_.is_stopping()) return false;
  if (world_.is_restarting()) return false;
  if (beyond_limit_ == BeyondLimit::slowed) return false;
  return !(replies_ == 0 && world_.has_fault("accept_fails"));
}

void Client::check_liveness() const {
  const Moment silence = world_.now() - std::max(last_moved_, world_.served_since);
  if (!is_owed_now() || silence < longest_silence(kLongestSilence)) return;
  fail("liveness", fmt::format("{} has waited {} ms for the answer to '{}'", name(),
                               silence / milliseconds(1), expected_.front().request));
}

void Client::check_rest() {
  if (state_ == State::ended || state_ == State::away || has_closed_) return;
  if (state_ == State::connecting) {
    if (!may_be_refused()) fail("rest", fmt::format("{} was not taken in", name()));
    return;
  }
  // A daemon that has given up by TCP_USER_TIMEOUT tells nobody.
  if (end_->is_abandoned()) return;
  if (is_proxied_) check_rest_of_arrival();
  if (may_wait_in_backlog()) return check_rest_in_backlog();
  if (next_action_ < plan_.actions.size()) fail("rest", fmt::format("{} is still at work", name()));
  // Refusals are short, and may all lie in its socket.
  if (reading_ == Reading::nothing && !expected_.empty() && beyond_limit_ != BeyondLimit::refused)
    fail("deadlines", fmt::format("{} does not read, and is still connected", name()));
  if (reading_ == Reading::all) check_rest_of_reader();
}

void Client::check_rest_in_backlog() {
  if (world_.daemon.server == nullptr) return;
  const reactord::ConnectionTable& connections = world_.daemon.server->connections();
  if (connections.used().clients < connections.capacity().clients && !expected_.empty() &&
      world_.rules.max_connections < 1000 && !world_.has_drained && world_.rules.per_address == 0)
    fail("rest", fmt::format("{} waits in the backlog, and there is room", name()));
}

void Client::check_rest_of_reader() {
  if (world_.rules.idle.count() > 0 && expected_.empty() && replies_ > 0 && !answers_pushes_)
    fail("deadlines", fmt::format("{} is idle, and is still connected", name()));
  if (is_request_incomplete() && world_.rules.frame.count() > 0)
    fail("deadlines", fmt::format("{} has half a request, and is still connected", name()));
  if (handed_ == 0 && world_.rules.first_request.count() > 0)
    fail("deadlines", fmt::format("{} has said nothing, and is still connected", name()));
  if (must_log_in_ && !is_logged_in_)
    fail("deadlines", fmt::format("{} has not logged in, and is still connected", name()));
  if (!expected_.empty())
    fail("rest",
         fmt::format("{} still waits for the answer to '{}'", name(), expected_.front().request));
  if (has_finished_ || has_quit_ || !last_words_.empty())
    fail("rest", fmt::format("{} has said all, and is still connected", name()));
}

/// DESIGN: every request that was received is answered before the connection closes.
void Client::note_stop() {
  if (is_stop_noted_ || state_ != State::connected || has_closed_) return;
  is_stop_noted_ = true;
  const auto& ends = asked_ends_.ends;
  const auto beyond = std::upper_bound(ends.begin(), ends.end(), end_->delivered());
  const auto whole = static_cast<std::size_t>(beyond - ends.begin());
  must_answer_ = whole == 0 ? 0 : asked_ends_.replies[whole - 1];
}

/// Since before the daemon has last looked for who has become a second old: all that it has sent is
/// answered, and nothing but its session belongs to it.
bool Client::is_at_rest() const {
  const bool has_been_kept = first_heard_ && world_.now() - *first_heard_ >= kKept;
  const bool is_quiet = world_.now() - std::max(last_moved_, last_heard_) >= kSettled;
  const bool has_ended = has_closed_ || has_finished_ || has_quit_ || !last_words_.empty();
  return state_ == State::connected && has_been_kept && is_quiet && !has_ended && !has_state_ &&
         expected_.empty() && outgoing_.empty() && !is_request_incomplete() &&
         reading_ == Reading::all && !has_read_slowly_ && !world_.may_be_late();
}

void Client::note_kill() {
  if (!is_at_rest() || world_.is_restarting() || world_.may_lose_at_restart())
    may_go_in_crash_ = true;
}

void Client::check_end() {
  const bool is_excused =
      has_closed_ || !last_words_.empty() || has_read_slowly_ || reading_ != Reading::all ||
      not_reading_since_ || world_.has_killed || world_.rules.is_memory_short ||
      world_.rules.is_text_for_operators || world_.times_told_to_stop > 1 ||
      world_.has_drain_expired || may_wait_in_backlog() || world_.may_lose_at_restart() ||
      may_go_in_crash_ || is_login_late() || (replies_ == 0 && world_.has_fault("watch_fails"));
  if (is_stop_noted_ && !is_excused && replies_ < must_answer_)
    fail("one request, one reply",
         fmt::format("{} had {} replies owed when the daemon was stopped, and got {}", name(),
                     must_answer_, replies_));
  if (state_ == State::connected && reading_ == Reading::all && !has_closed_)
    fail("ends", fmt::format("{} was not told of the end", name()));
}

}  // namespace simulation
