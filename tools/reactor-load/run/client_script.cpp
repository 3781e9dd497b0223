// SPDX-License-Identifier: MIT
// The client's script: one instruction after the other, until one must wait. What it does to the
// connection is in client.cpp and client_connection.cpp.
#include <algorithm>

#include "daemon/net/connecting_socket.h"
#include "tools/reactor-load/run/client.h"

namespace reactord::load {
namespace {

/// Instructions of one turn: a script that never waits must not keep others from their turn.
constexpr int kMostInstructions = 4096;

/// More unsent bytes than this wait for the kernel to take some.
constexpr std::size_t kMostUnsentBytes = 256u << 10;

}  // namespace

void Client::play() {
  for (int left = kMostInstructions; left > 0; --left) {
    if (stopping_) return finish();
    if (state_ == State::waiting || state_ == State::connecting || state_ == State::done) return;
    if (waiting_for_ != Waiting::nothing && waiting_for_ != Waiting::due) return;
    if (piece_of_ != 0) return;
    const bool at_end = pc_ >= group_.plan->program.size();
    const Next next = at_end ? next_round() : perform(group_.plan->program[pc_]);
    if (next == Next::wait) return;
  }
  host_.loop.make_ready(token());
}

Client::Next Client::perform(const Instruction& instruction) {
  switch (instruction.op) {
    case Op::send:
      return perform_send(instruction);
    case Op::think:
      return perform_think(instruction);
    case Op::connect:
      return perform_connect();
    case Op::disconnect:
      return close_when_settled() ? advance() : Next::wait;
    case Op::leave:
    case Op::reset:
      if (state_ == State::open) {
        flush();
        if (instruction.op == Op::reset) stream_->reset_on_close();
        close(Closed::by_client);
      }
      return advance();
    case Op::half_close:
      return perform_half_close();
    case Op::await_replies:
      if (state_ == State::open && (talk_.owed() > 0 || !talk_.unsent().empty())) {
        flush();
        return talk_.owed() > 0 || !talk_.unsent().empty() ? Next::wait : Next::go_on;
      }
      return advance();
    case Op::await_close:
      return perform_await_close(instruction);
    case Op::read_on:
      reading_ = true;
      may_receive_ = state_ == State::open;
      if (may_receive_) host_.loop.make_ready(token());
      return advance();
    case Op::read_off:
      reading_ = false;
      return advance();
    case Op::loop_begin:
      counters_[instruction.index] = instruction.count;
      return advance();
    case Op::loop_end:
      return perform_loop_end(instruction);
    case Op::choose:
      return perform_choose(instruction);
    case Op::jump:
      pc_ = instruction.target;
      return Next::go_on;
  }
  return Next::wait;
}

Client::Next Client::perform_send(const Instruction& instruction) {
  if (state_ == State::offline) return connect();
  if (half_closed_) return close_when_settled() ? Next::go_on : Next::wait;
  const Group& settings = group_.plan->group;
  if (settings.requests > 0 && group_.requests_left == 0) {
    finish();
    return Next::wait;
  }
  if (talk_.unsent().size() > kMostUnsentBytes) {
    flush();
    if (talk_.unsent().size() > kMostUnsentBytes) return Next::wait;
  }
  if (has_rate() ? !is_due() : !has_room()) return Next::wait;
  talk_.write(instruction.index, generators_, has_rate() ? pacer_->due() : TimePoint{});
  if (has_rate()) pacer_->advance();
  if (settings.requests > 0) --group_.requests_left;
  if (group_.plan->requests[instruction.index].piece_bytes > 0) {
    piece_of_ = instruction.index + 1;
    ++pc_;
    send_piece();
    return piece_of_ == 0 ? Next::go_on : Next::wait;
  }
  return advance();
}

/// Closed model: `pipeline` requests go out together, and the next ones when all are answered.
bool Client::has_room() {
  if (talk_.owed() == 0) window_is_full_ = false;
  if (window_is_full_) return false;
  const auto pipeline = static_cast<std::size_t>(group_.plan->group.pipeline);
  if (talk_.owed() < pipeline) return true;
  window_is_full_ = true;
  return false;
}

/// Open model: the next request goes out at its time, or, late, when there is room for it.
bool Client::is_due() {
  const TimePoint due = pacer_->due();
  if (due > now_) {
    if (waiting_for_ != Waiting::due) wake_at(due, Waiting::due);
    return false;
  }
  if (talk_.owed() >= static_cast<std::size_t>(group_.plan->group.pipeline)) {
    held_back_ = true;
    return false;
  }
  if (held_back_) {
    ++group_.tally->held_back;
  } else {
    const Duration lateness = now_ - due;
    group_.tally->lateness.record(
        static_cast<std::uint64_t>(std::chrono::nanoseconds(lateness).count()));
    if (lateness > kLate) ++group_.tally->late;
  }
  held_back_ = false;
  if (waiting_for_ == Waiting::due) cancel_time();
  return true;
}

Client::Next Client::perform_think(const Instruction& instruction) {
  const auto least = std::chrono::nanoseconds(instruction.pause.least).count();
  const auto most = std::chrono::nanoseconds(instruction.pause.most).count();
  const std::chrono::nanoseconds pause(generators_.rng.between(least, most));
  if (pause.count() == 0) return advance();
  wake_at(now_ + pause, Waiting::think);
  return Next::wait;
}

Client::Next Client::perform_await_close(const Instruction& instruction) {
  if (state_ != State::open) return advance();
  flush();
  wake_at(host_.clock.now() + instruction.pause.least, Waiting::close);
  return Next::wait;
}

Client::Next Client::perform_half_close() {
  if (state_ != State::open) return advance();
  flush();
  if (!talk_.unsent().empty()) return Next::wait;
  finish_sending();
  half_closed_ = true;
  return advance();
}

Client::Next Client::perform_connect() {
  if (state_ == State::offline) return connect();
  if (!half_closed_) return advance();
  return close_when_settled() ? Next::go_on : Next::wait;
}

bool Client::close_when_settled() {
  if (state_ != State::open) return true;
  flush();
  if (talk_.owed() > 0 || !talk_.unsent().empty()) return false;
  const IoResult result = stream_->receive(host_.scratch);
  if (result.status == IoStatus::ok) {
    received({host_.scratch.data(), result.bytes}, host_.clock.now());
  }
  if (state_ == State::open) close(Closed::by_client);
  return true;
}

Client::Next Client::perform_loop_end(const Instruction& instruction) {
  if (--counters_[instruction.index] > 0) {
    pc_ = instruction.target;
    return Next::go_on;
  }
  return advance();
}

Client::Next Client::perform_choose(const Instruction& instruction) {
  const Choice& choice = group_.plan->choices[instruction.index];
  const std::int64_t drawn = generators_.rng.between(0, choice.total - 1);
  for (const auto& [below, target] : choice.below) {
    if (drawn >= below) continue;
    pc_ = target;
    break;
  }
  return Next::go_on;
}

Client::Next Client::next_round() {
  ++loops_;
  const Group& settings = group_.plan->group;
  if (settings.loops > 0 && loops_ >= settings.loops) {
    finish();
    return Next::wait;
  }
  pc_ = 0;
  return Next::go_on;
}

}  // namespace reactord::load
