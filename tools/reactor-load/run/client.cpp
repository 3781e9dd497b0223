// SPDX-License-Identifier: MIT
// What moves a client: events, times, bytes in and out, and the end of the run. How its connection
// opens and closes is in client_connection.cpp, what its script does in client_script.cpp.
#include "tools/reactor-load/run/client.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "daemon/net/connecting_socket.h"
#include "tools/reactor-load/run/connect_cause.h"

namespace reactord::load {
namespace {

using std::chrono::milliseconds;

/// How long a server may take to close after our FIN, before nothing can be said of what follows.
constexpr milliseconds kFarewell{2'000};

/// Bytes received in one turn: others wait meanwhile.
constexpr std::size_t kMostReceivedBytes = 1u << 20;

}  // namespace

Client::Client(ClientHost& host, GroupShare& group, const Identity& identity, TimePoint start)
    : host_(host),
      group_(group),
      identity_(identity),
      talk_(*group.plan, host.plan.scenario.wire, group.ledger),
      generators_{Rng(client_seed(static_cast<std::uint64_t>(host.plan.scenario.seed),
                                  identity.group_index, identity.number)),
                  identity.number,
                  0,
                  {}},
      counters_(group.plan->counters) {
  ++group_.clients_playing;
  talk_.begin({identity.number, 0});
  const Group& settings = group.plan->group;
  if (settings.rate > 0) {
    const auto clients = static_cast<double>(settings.clients);
    const std::chrono::duration<double> each(clients / static_cast<double>(settings.rate));
    const auto offset = each * (static_cast<double>(identity.number - 1) / clients);
    const TimePoint first = start + std::chrono::duration_cast<Duration>(offset);
    pacer_.emplace(first, each, settings.arrivals, generators_.rng.next());
  }
  wake_at(start, Waiting::start);
}

// --- events --------------------------------------------------------------------------------------

void Client::on_event(Token named, Readiness readiness) noexcept {
  if (named != token()) return;  // of a connection that has gone
  if (!stream_ && !handshake_) return serve();
  if (readiness.writable) may_send_ = true;
  if (readiness.readable || readiness.peer_finished || readiness.hung_up) may_receive_ = true;
  if (readiness.peer_finished || readiness.hung_up || readiness.urgent) reads_to_block_ = true;
  if (state_ == State::connecting && (readiness.writable || readiness.hung_up)) {
    const int error = connect_error(handshake_ ? handshake_->fd() : stream_->fd());
    if (error != 0) return connect_failed(connect_cause(error));
    is_reached_ = true;
    if (!handshake_) connected();
  }
  if (handshake_ && is_reached_ && !shake_hands()) return;
  // Who reads nothing learns of the end from the event alone.
  if (!reading_ && readiness.hung_up) return closed_by_peer(Closed::by_reset, "it was reset");
  if (!reading_ && readiness.peer_finished) {
    return closed_by_peer(Closed::by_server, "the server closed");
  }
  serve();
}

void Client::on_time(std::uint32_t ticket) noexcept {
  if (ticket != ticket_ || waiting_for_ == Waiting::nothing) return;
  const Waiting why = waiting_for_;
  cancel_time();
  switch (why) {
    case Waiting::nothing:
    case Waiting::due:
      break;
    case Waiting::start:
    case Waiting::retry:
      state_ = State::offline;
      break;
    case Waiting::think:
      ++pc_;
      break;
    case Waiting::piece:
      send_piece();
      break;
    case Waiting::close:
      if (!hostile()) {
        ++group_.tally->timeouts;
        note_not_closed();
      }
      close(Closed::by_client);
      ++pc_;
      break;
    case Waiting::farewell:
      close(Closed::by_client);
      return done();
  }
  serve();
}

void Client::note_not_closed() {
  Failure failure;
  failure.kind = "not closed in time";
  failure.group = group_.plan->group.name;
  failure.client = identity_.number;
  failure.connection = generation_ - 1;
  failure.expected = "the server closes the connection";
  failure.got = "it is still open";
  host_.tally.add_failure(std::move(failure));
}

void Client::on_timeout() noexcept {
  if (state_ == State::connecting) return connect_failed(connect_cause(ETIMEDOUT));
  if (!is_connected()) return;
  talk_.end(fmt::format("nothing for {} ms", host_.plan.scenario.timeout.count()), true);
  close(Closed::by_client);
  if (stopping_) return done();
  serve();
}

void Client::serve() noexcept {
  if (state_ == State::waiting || state_ == State::connecting || state_ == State::done) return;
  now_ = host_.clock.now();
  if (is_connected() && may_receive_ && reading_ && !receive()) return;
  if (state_ == State::finishing) return;
  play();
  if (is_connected()) flush();
}

/// False when the connection has ended, and all was done that follows from it.
bool Client::receive() {
  const std::size_t owed_before = talk_.owed();
  std::size_t total = 0;
  while (total < kMostReceivedBytes) {
    const IoResult result = stream_->receive(host_.scratch);
    if (result.status == IoStatus::would_block) {
      may_receive_ = false;
      break;
    }
    if (result.status != IoStatus::ok) {
      if (result.status == IoStatus::end) {
        closed_by_peer(Closed::by_server, "the server closed");
      } else if (result.status == IoStatus::cut_off) {
        closed_by_peer(Closed::by_server, "the server closed without TLS' close_notify");
      } else {
        closed_by_peer(Closed::by_reset,
                       fmt::format("the connection broke: {}", std::strerror(result.error)));
      }
      return false;
    }
    total += result.bytes;
    received({host_.scratch.data(), result.bytes}, host_.clock.now());
    if (!is_connected()) return false;
    // A receive that was not filled has drained the socket, unless its end is still to be read, or
    // an urgent mark has stopped it (daemon/connection/connection_receiving.cpp has the whole
    // rule).
    if (result.bytes < host_.scratch.size() && !reads_to_block_ && !result.has_more) {
      may_receive_ = false;
      break;
    }
  }
  if (may_receive_) host_.loop.make_ready(token());
  update_timeout(talk_.owed() < owed_before);
  return true;
}

void Client::received(std::string_view bytes, TimePoint now) {
  const std::size_t owed_before = talk_.owed();
  const Heard heard = talk_.receive(bytes, now);
  if (talk_.owed() < owed_before) last_reply_ = now;
  if (now < host_.measure_from) talk_.forget_longest_wait();
  if (!hostile()) host_.tally.last_reply = now;
  now_ = now;
  if (heard == Heard::fine) return;
  if (heard == Heard::refused) {
    group_.tally->note_last_words(talk_.last_error());
    const std::string cause = "refused by the server: " + talk_.last_error();
    was_in_ = last_reply_ != TimePoint{};
    talk_.abandon();
    return connect_failed(cause);
  }
  talk_.end("the stream makes no sense any more");
  close(Closed::by_client);
  if (stopping_) return done();
  host_.loop.make_ready(token());
}

/// Waits for the oldest reply; progress gives the next one its full time.
void Client::update_timeout(bool progress) {
  if (talk_.owed() == 0) {
    if (state_ != State::connecting) cancel();
  } else if (progress || !is_armed()) {
    host_.timeouts.arm(*this, now_);
  }
}

// --- sending -------------------------------------------------------------------------------------

void Client::flush() {
  if (piece_of_ != 0) return;
  talk_.stamp(host_.clock.now());
  if (!send_unsent(SIZE_MAX)) return;
  update_timeout(false);
}

/// False when the connection turned out to be lost; the event that says so leads to the rest.
bool Client::send_unsent(std::size_t most) {
  while (may_send_ && most > 0 && !talk_.unsent().empty()) {
    const std::string_view bytes = talk_.unsent().substr(0, most);
    const IoResult result = stream_->send(bytes);
    if (result.status == IoStatus::would_block) {
      may_send_ = false;
    } else if (result.status == IoStatus::lost) {
      may_send_ = false;
      may_receive_ = reads_to_block_ = true;  // what the server said before is still to be read
      host_.loop.make_ready(token());
      return false;
    } else {
      talk_.sent(result.bytes);
      most -= result.bytes;
    }
  }
  return true;
}

void Client::send_piece() {
  if (state_ != State::open) return;
  const EncodedRequest& request = group_.plan->requests[piece_of_ - 1];
  talk_.stamp(host_.clock.now());
  if (!send_unsent(request.piece_bytes)) return;
  if (talk_.unsent().empty()) {
    piece_of_ = 0;
  } else {
    wake_at(host_.clock.now() + request.every, Waiting::piece);
  }
}

// --- the end -------------------------------------------------------------------------------------

void Client::stop() noexcept {
  if (state_ == State::done || stopping_) return;
  stopping_ = true;
  wanted_ = wanted_ || state_ == State::waiting;
  goes_by_script_ = waiting_for_ == Waiting::think || waiting_for_ == Waiting::due ||
                    waiting_for_ == Waiting::close;
  if (!was_in_ && !hostile()) {
    if (state_ == State::connecting) {
      group_.tally->note_connect_problem("not accepted by the server before the run ended");
    } else if (waiting_for_ == Waiting::start) {
      group_.tally->note_connect_problem("not started before the run ended");
    }
  }
  if (state_ == State::waiting || state_ == State::connecting || waiting_for_ != Waiting::nothing) {
    const bool pieces = waiting_for_ == Waiting::piece && !hostile();
    if (!pieces) cancel_time();
  }
  if (state_ == State::waiting || state_ == State::connecting) {
    cancel();
    hang_up();
    return done();
  }
  finish();
  if (is_connected()) flush();
}

void Client::stop_at_once() noexcept {
  if (state_ == State::done) return;
  stopping_ = true;
  if (is_connected()) {
    if (state_ == State::open) talk_.end("the run is over");
    close(Closed::by_client);
  }
  cancel();
  cancel_time();
  hang_up();
  done();
}

/// Nothing more is sent; honest clients wait for what they are owed.
void Client::finish() {
  stopping_ = true;
  if (state_ == State::offline) return done();
  if (state_ != State::open) return;
  if (hostile()) {
    close(Closed::by_client);
    return done();
  }
  if (talk_.owed() == 0 && talk_.unsent().empty()) say_farewell();
}

/// Every reply is in. With FIN the server knows that we are finished: what it sends from now on is
/// surplus.
void Client::say_farewell() {
  state_ = State::finishing;
  cancel();
  if (!half_closed_) finish_sending();
  wake_at(host_.clock.now() + kFarewell, Waiting::farewell);
  if (!reading_) reading_ = may_receive_ = true;
  if (may_receive_) host_.loop.make_ready(token());
}

void Client::finish_sending() {
  (void)stream_->send_end();
  stream_->finish_sending();
}

void Client::done() {
  cancel();
  cancel_time();
  note_whether_it_took_part();
  state_ = State::done;
  --group_.clients_playing;
}

/// A run that most of its clients had no part in must not pass for one of all of them. Who had
/// nothing to send, because the others had sent all of the group's requests, or had just to think,
/// is not missed.
void Client::note_whether_it_took_part() {
  if (state_ == State::done || hostile()) return;
  if (!was_in_) {
    if (wanted_) ++group_.tally->unconnected;
    return;
  }
  if (talk_.longest_wait() > 0) group_.tally->pauses.record(talk_.longest_wait());
  const bool only_warmed_up = last_reply_ != TimePoint{} && group_.plan->group.requests > 0;
  const bool silent = !group_.plan->owes_replies || last_reply_ >= host_.measure_from;
  if (!silent && (!goes_by_script_ || only_warmed_up)) ++group_.tally->unmeasured;
}

void Client::wake_at(TimePoint when, Waiting why) {
  waiting_for_ = why;
  host_.agenda.add({when, identity_.index, ++ticket_});
}

}  // namespace reactord::load
