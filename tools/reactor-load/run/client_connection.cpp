// SPDX-License-Identifier: MIT
// The client's connection: how it opens, with TLS or without, how it closes, and what follows from
// either. What passes over it is in client.cpp.
#include <chrono>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "daemon/net/connecting_socket.h"
#include "tools/reactor-load/run/client.h"
#include "tools/reactor-load/run/connect_cause.h"

namespace reactord::load {
namespace {

using std::chrono::milliseconds;

/// After a connection that could not be made, and before a hostile client begins anew: whoever is
/// refused in a loop must not keep the machine busy.
constexpr milliseconds kRetryPause{100};
constexpr milliseconds kHostilePause{50};

}  // namespace

Client::Next Client::connect() {
  wanted_ = true;
  connect_began_ = host_.clock.now();
  ConnectResult result = begin_connect(host_.plan.address);
  if (result.status == ConnectStatus::failed) {
    connect_failed(connect_cause(result.error));
    return Next::wait;
  }
  ++generation_;
  talk_.begin({identity_.number, generation_ - 1});
  const int fd = result.fd.get();
  if (host_.plan.handshakes)
    handshake_ = host_.plan.handshakes->begin(std::move(result.fd), host_.plan.address);
  else
    stream_ = std::make_unique<SocketStream>(std::move(result.fd), host_.plan.address);
  is_reached_ = result.status == ConnectStatus::connected;
  may_send_ = may_receive_ = reads_to_block_ = half_closed_ = false;
  window_is_full_ = held_back_ = false;
  reading_ = true;
  piece_of_ = 0;
  state_ = State::connecting;
  if (const std::error_code problem = host_.loop.watch(fd, token()); problem) {
    connect_failed(connect_cause(problem.value()));
    return Next::wait;
  }
  if (is_reached_ && !handshake_) {
    connected();
    return Next::go_on;
  }
  host_.timeouts.arm(*this, connect_began_);
  return Next::wait;
}

/// False while it is under way, and where it has failed.
bool Client::shake_hands() {
  const HandshakeStep step = handshake_->advance();
  if (step == HandshakeStep::wants_read || step == HandshakeStep::wants_write) return false;
  if (step != HandshakeStep::done) {
    connect_failed("no TLS: " + handshake_->problem());
    return false;
  }
  stream_ = handshake_->take_stream();
  handshake_.reset();
  may_send_ = may_receive_ = true;  // it may have more already, of which no event tells
  connected();
  return true;
}

void Client::hang_up() {
  stream_.reset();
  handshake_.reset();
}

void Client::connected() {
  cancel();
  state_ = State::open;
  was_in_ = true;
  ++group_.tally->connects;
  const auto took = std::chrono::nanoseconds(host_.clock.now() - connect_began_).count();
  group_.tally->connect_latency.record(static_cast<std::uint64_t>(took));
}

void Client::connect_failed(const std::string& cause) {
  cancel();
  cancel_time();
  hang_up();
  piece_of_ = 0;
  if (!hostile()) ++group_.tally->connect_failures;
  group_.tally->note_connect_problem(cause);
  if (stopping_) return done();
  state_ = State::waiting;
  wake_at(host_.clock.now() + kRetryPause, Waiting::retry);
}

void Client::close(Closed how) {
  cancel();
  cancel_time();
  switch (how) {
    case Closed::by_client:
      ++group_.tally->closed_by_client;
      break;
    case Closed::by_server:
      ++group_.tally->closed_by_server;
      break;
    case Closed::by_reset:
      ++group_.tally->closed_by_reset;
      break;
  }
  talk_.abandon();
  hang_up();
  piece_of_ = 0;
  state_ = State::offline;
}

void Client::closed_by_peer(Closed how, std::string_view reason) {
  const bool was_finishing = state_ == State::finishing;
  const bool awaited = waiting_for_ == Waiting::close;
  if (was_finishing) how = Closed::by_client;  // our FIN came first
  if (how != Closed::by_client && !talk_.last_error().empty()) {
    group_.tally->note_last_words(talk_.last_error());
  }
  talk_.end(reason);
  close(how);
  if (was_finishing || stopping_) return done();
  if (awaited) {
    ++pc_;
  } else if (hostile()) {
    return begin_anew();
  }
  serve();
}

/// A hostile script whose connection has ended begins from the top.
void Client::begin_anew() {
  pc_ = 0;
  state_ = State::waiting;
  wake_at(host_.clock.now() + kHostilePause, Waiting::retry);
}

}  // namespace reactord::load
