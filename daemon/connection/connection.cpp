// SPDX-License-Identifier: MIT
#include "daemon/connection/connection.h"

#include <algorithm>
#include <cstring>

namespace reactord {

namespace {

/// One receive of a turn: a deep pipeline fits, and it is copied to user space within some 40
/// microseconds.
constexpr std::size_t kReceiveBytes = 256u << 10;
/// A frame larger than the scratch is received straight into the connection's own buffer, this much
/// at a time.
constexpr std::size_t kMaxDirectReceiveBytes = 1u << 20;
/// From here on a frame is worth a large buffer, out of the pool if it has one.
constexpr std::size_t kMinLargeBytes = 16u << 10;
/// A buffer for a frame that is announced longer than it is yet grows by this factor: a 16 MiB
/// frame is copied four times at most, and an announcement costs little.
constexpr std::size_t kMaxGrowth = 4;
/// Room for less would soon be too little again: most frames that come in pieces are longer.
constexpr std::size_t kMinWideningBytes = 64u << 10;
/// Kept input up to this length is moved in front of newly received bytes: cheaper than a second
/// receive. Constant, so that a frame which arrives byte by byte still costs linear time.
constexpr std::size_t kMaxMovedBytes = 4u << 10;

/// A connection's share of a turn. With the costliest small command (INFO, some 15 microseconds and
/// 3 KiB of reply) a turn stays below a millisecond, so that nobody waits for a hog.
constexpr std::size_t kMaxRequestsPerTurn = 1000;
constexpr std::size_t kMaxOutputBytesPerTurn = 128u << 10;
static_assert(GatherList::kMaxPieces * GatherList::kMinPieceBytes >= kMaxOutputBytesPerTurn,
              "a share of nothing but borrowed pieces needs no copy");

/// Rounds of reading and discarding in one turn of a lingering connection.
constexpr int kMaxDiscardsPerTurn = 4;

/// The list of a frame's arguments stays allocated up to this many.
constexpr std::size_t kMaxKeptArguments = 1024;

}  // namespace

struct Connection::Turn {
  Buffer& out;
  std::size_t max_output_bytes;  ///< that `out` may hold, with what is borrowed
  std::size_t requests_left = kMaxRequestsPerTurn;
};

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
  scheduled_ = false;
  const bool is_over = readiness.peer_finished || readiness.hung_up;
  const bool is_news = is_over && !read_to_end_;
  if (readiness.readable || is_over) may_receive_ = true;
  if (readiness.writable || readiness.hung_up) may_send_ = true;
  if (is_over) read_to_end_ = true;
  switch (state_) {
    case State::open:
      // Nobody is left to take the reply that is still being waited for.
      if (readiness.hung_up && pending_)
        return abort(CloseReason::closed_reset, "connection reset");
      if (is_news && pending_) host().on_peer_finished(*this);
      return serve_turn();
    case State::flushing:
      flush(output_);
      return settle();
    case State::lingering:
      return input_end_ == InputEnd::peer_finished ? await_receipt(readiness) : discard_input();
    case State::closed:
      return;
  }
}

// --- input -------------------------------------------------------------------------------------

void Connection::serve_turn() noexcept {
  if (!output_.empty()) flush(output_);
  if (state_ == State::open) {
    loop().serving = this;
    Buffer& out = output();
    Turn turn{out, std::min(loop().output_high_water, out.size() + kMaxOutputBytesPerTurn)};
    serve_input(turn);
    loop().sink.end_batch();
    if (turn.requests_left < kMaxRequestsPerTurn) note_activity();
    flush_turn(out);
    release_wide_frame();
    loop().serving = nullptr;
  }
  settle();
}

/// One frame of a million arguments must not cost its 16 MiB for ever.
void Connection::release_wide_frame() noexcept {
  std::vector<std::string_view>& arguments = loop().frame.many;
  if (arguments.capacity() > kMaxKeptArguments) std::vector<std::string_view>().swap(arguments);
}

void Connection::serve_input(Turn& turn) noexcept {
  if (has_backlog_) serve_kept(turn);
  if (must_pause(turn) || is_overtaken(turn)) return;
  if (may_receive_ && !is_input_ended())
    input_.size() <= kMaxMovedBytes ? receive_into_scratch(turn) : receive_behind_kept(turn);
  // The end of the input turns what was kept of it into a last frame.
  if (is_input_ended() && has_backlog_ && !is_overtaken(turn)) serve_kept(turn);
}

void Connection::serve_kept(Turn& turn) noexcept {
  const std::size_t served = serve_frames(input_.view(), turn);
  // What was borrowed of it must be sent before it goes.
  if (!loop().borrowed.empty()) flush_early(turn);
  if (state_ == State::closed) return;  // by a reset: nothing is kept any more
  input_.consume(served);
  if (input_.empty()) release(input_);
}

/// In the middle of a turn; it counts for the turn's share all the same.
void Connection::flush_early(Turn& turn) noexcept {
  const std::size_t bytes = turn.out.size() + loop().borrowed.bytes();
  turn.max_output_bytes -= std::min(bytes, turn.max_output_bytes);
  flush_turn(turn.out);
}

/// Part of the turn's output was not taken by the kernel: what would be written to the scratch now
/// would overtake it.
bool Connection::is_overtaken(const Turn& turn) const noexcept {
  return &turn.out != &output_ && !output_.empty();
}

void Connection::receive_into_scratch(Turn& turn) noexcept {
  Buffer& scratch = loop().input;
  scratch.clear();
  scratch.append(input_.view());
  const std::size_t received = receive(scratch.prepare(kReceiveBytes).first(kReceiveBytes));
  if (received == 0) return;
  scratch.commit(received);
  const std::size_t served = serve_frames(scratch.view(), turn);
  // What is kept already need not be copied again.
  const std::size_t kept_already = served == 0 ? input_.size() : 0;
  if (served > 0) input_.clear();
  keep(scratch.view().substr(served + kept_already));
  if (input_.empty()) release(input_);
}

/// A frame larger than the scratch, or one that the client sends in pieces.
void Connection::receive_behind_kept(Turn& turn) noexcept {
  // How much of a line is missing nobody knows: the parser says 1.
  const std::size_t missing = parser_.bytes_missing(input_.size());
  if (input_.room() < std::min(missing, kReceiveBytes))
    grow_or_end([&] { widen_kept(input_.size(), missing); });
  if (state_ == State::closed) return;
  // There is room now: prepare() does not move what is kept.
  const std::size_t wanted = std::clamp(missing, kReceiveBytes, kMaxDirectReceiveBytes);
  input_.commit(receive(input_.prepare(1).first(std::min(wanted, input_.room()))));
  if (state_ == State::open) serve_kept(turn);
}

/// Keeps what could not be served of the scratch, behind what is kept already.
void Connection::keep(std::string_view rest) noexcept {
  if (rest.empty()) return;
  grow_or_end([&] {
    if (input_.room() < rest.size() && rest.size() >= kMinLargeBytes) {
      const std::size_t missing =
          mid_frame_ ? parser_.bytes_missing(input_.size() + rest.size()) : 0;
      widen_kept(input_.size() + rest.size(), rest.size() + missing);
    }
    input_.append(rest);
  });
}

/// Makes room for `wanted` bytes more, or for a good part of them where that is much more than was
/// received: announcing is not allocating. Never for less than is kept already, since what is
/// announced may be one argument of many: a long frame is moved a few times, not at each of them.
void Connection::widen_kept(std::size_t received, std::size_t wanted) {
  const std::size_t most = kMaxGrowth * std::max(received, kMinWideningBytes);
  const std::size_t least = std::clamp(std::max(wanted, input_.size()), kMinWideningBytes, most);
  Buffer wider = loop().pool.take(input_.size() + least, input_.size() + std::max(wanted, least));
  wider.append(input_.view());
  release(input_);
  input_ = std::move(wider);
}

/// Receives once and notes what that tells about the input to come. 0: nothing was received.
std::size_t Connection::receive(std::span<char> room) noexcept {
  const IoResult result = stream_->receive(room);
  switch (result.status) {
    case IoStatus::ok:
      // A short read has drained the socket, unless its end was announced or must be found.
      may_receive_ = result.bytes == room.size() || read_to_end_ || draining_;
      if (wants_receipt_ && state_ == State::open) give_receipt(true);
      return result.bytes;
    case IoStatus::would_block:
      may_receive_ = false;
      if (draining_) input_end_ = InputEnd::drained;
      return 0;
    case IoStatus::end:
      may_receive_ = false;
      input_end_ = InputEnd::peer_finished;
      has_backlog_ = !input_.empty();
      return 0;
    case IoStatus::lost:
      abort(CloseReason::closed_reset, std::strerror(result.error));
      return 0;
  }
  return 0;
}

/// Serves the whole frames at the start of `input`; the number of bytes that are done with.
std::size_t Connection::serve_frames(std::string_view input, Turn& turn) noexcept {
  std::string_view rest = input;
  has_backlog_ = mid_frame_ = false;
  if (&turn.out != &output_) loop().borrowed.lend(input);
  while (!rest.empty()) {
    if (must_pause(turn)) {
      has_backlog_ = true;
      break;
    }
    switch (parse(rest)) {
      case ParseStatus::need_more:
        mid_frame_ = true;
        return input.size() - rest.size();
      case ParseStatus::error:
        reject_input();
        return input.size();
      case ParseStatus::frame:
        serve_frame(turn);
        break;
      case ParseStatus::nothing:
        break;
    }
    rest.remove_prefix(loop().frame.bytes);
    if (frame_timed_) stop_frame_time();
  }
  return input.size() - rest.size();
}

/// As FrameParser::parse, for this connection: a foreign protocol is an error, too.
ParseStatus Connection::parse(std::string_view input) noexcept {
  if (policy_.framing == Framing::command && input.front() == '*') [[likely]] {
    reply_encoding_ = resp_encoding();
  } else if (const ParseStatus status = look_for_foreign(input); status != ParseStatus::nothing) {
    return status;
  }
  const ParseStatus status = parser_.parse(input, loop().parser_limits, loop().frame);
  if (status != ParseStatus::need_more || input_end_ != InputEnd::peer_finished) [[likely]]
    return status;
  return parser_.parse_last(input, loop().parser_limits, loop().frame);
}

/// Before a line or a chunk: `nothing` if it is one.
ParseStatus Connection::look_for_foreign(std::string_view input) noexcept {
  reply_encoding_ = line_encoding();
  const ForeignMatch match = match_foreign(input);
  switch (match.status) {
    case ForeignStatus::undecided:
      return ParseStatus::need_more;
    case ForeignStatus::yes:
      return say_farewell(*match.protocol);
    case ForeignStatus::no:
      break;
  }
  return ParseStatus::nothing;
}

/// Looks for other protocols in the first request, and for an HTTP header line in every one: a
/// browser can be made to send a body of somebody's choice behind its own first line.
ForeignMatch Connection::match_foreign(std::string_view input) const noexcept {
  const char first = input.front();
  if (policy_.framing != Framing::command || first == '*' || first == '\r' || first == '\n')
    return {};
  ForeignMatch match = past_first_ ? match_foreign_line(input) : match_foreign_opening(input);
  // Nothing more will come that could decide it.
  if (match.status == ForeignStatus::undecided && input_end_ == InputEnd::peer_finished) return {};
  return match;
}

ParseStatus Connection::say_farewell(const ForeignProtocol& protocol) noexcept {
  output().append(protocol.farewell);
  end(CloseReason::closed_foreign, {}, protocol.name);
  return ParseStatus::error;
}

void Connection::reject_input() noexcept {
  if (state_ != State::open) return;
  const std::string error = parser_.error();
  ReplyWriter(output(), reply_encoding_).error(error);
  end(CloseReason::closed_protocol_error, {}, error);
}

void Connection::serve_frame(Turn& turn) noexcept {
  past_first_ = true;
  --turn.requests_left;
  switch (loop().sink.serve(*this, loop().frame, turn.out)) {
    case ServeResult::replied:
      return;
    case ServeResult::pending:
      pending_ = true;
      return;
    case ServeResult::close_after_reply:
      return end(CloseReason::closed_by_handler);
  }
}

bool Connection::must_pause(const Turn& turn) const noexcept {
  return state_ != State::open || pending_ || turn.requests_left == 0 ||
         turn.out.size() + loop().borrowed.bytes() >= turn.max_output_bytes;
}

/// Of the reply to what is no array.
ReplyEncoding Connection::line_encoding() const noexcept {
  switch (policy_.framing) {
    case Framing::line:
      return ReplyEncoding::plain;
    case Framing::raw:
      return ReplyEncoding::raw;
    case Framing::command:
      break;
  }
  const bool has_spoken_resp = reply_encoding_ != ReplyEncoding::plain;
  return has_spoken_resp || policy_.inline_replies_resp ? resp_encoding() : ReplyEncoding::plain;
}

void Connection::discard_input() noexcept {
  for (int round = 0; round < kMaxDiscardsPerTurn && may_receive_ && !is_input_ended(); ++round) {
    loop().input.clear();
    if (receive(loop().input.prepare(kReceiveBytes)) == 0) break;
  }
  if (is_input_ended()) become_closed();
  if (has_more_to_do()) schedule();
}

/// Both sides have finished. TCP hangs up once the client's side has acknowledged everything, our
/// FIN at last, or has answered with a reset; a Unix socket at anything that happens from now on.
void Connection::await_receipt(Readiness readiness) noexcept {
  const Delivery delivery = stream_->delivery();
  if (!readiness.hung_up || delivery == Delivery::under_way) return;
  lost_ = delivery == Delivery::lost;
  become_closed();
}

// --- the end -----------------------------------------------------------------------------------

void Connection::end(CloseReason reason, std::string_view last_words,
                     std::string_view detail) noexcept {
  if (state_ != State::open) return;
  if (!last_words.empty() && owes_answer())
    ReplyWriter(output(), reply_encoding_).error(last_words);
  state_ = State::flushing;
  host().on_end(*this, reason, detail);
  settle();
}

void Connection::abort(CloseReason reason, std::string_view detail) noexcept {
  if (state_ == State::open || state_ == State::flushing) host().on_end(*this, reason, detail);
  lost_ = true;
  become_closed();
}

void Connection::drain() noexcept {
  if (state_ != State::open) return;
  draining_ = may_receive_ = true;
  // A client that was answered a moment ago may be sending its next request right now.
  must_linger_ = !output_.empty() || (must_linger_ && idle() <= loop().deadlines.linger.length());
  settle();
}

/// The input has ended: so does the connection, once all of it is answered.
void Connection::end_if_answered() noexcept {
  if (state_ != State::open || !is_input_ended() || pending_ || has_backlog_) return;
  if (input_end_ == InputEnd::peer_finished) return end(CloseReason::closed_by_client);
  end(CloseReason::closed_drained, "ERR the server is stopping");
}

void Connection::begin_linger() noexcept {
  const bool is_finished = input_end_ == InputEnd::peer_finished;
  // close(2) sends the FIN.
  if (!must_linger_ || (is_finished && !wants_receipt_)) return become_closed();
  lost_ = !stream_->finish_sending();
  if (lost_) return become_closed();
  state_ = State::lingering;
  loop().deadlines.linger.arm(*this, host().now());
  if (is_finished) return;
  // Where a drain ended the input, the client may still be sending: that is what is lingered for.
  draining_ = false;
  input_end_ = InputEnd::not_yet;
  may_receive_ = true;
}

void Connection::give_receipt(bool arrived) noexcept {
  wants_receipt_ = false;
  host().on_receipt(*this, arrived);
}

void Connection::become_closed() noexcept {
  if (state_ == State::closed) return;
  state_ = State::closed;
  DeadlineLink<InputDeadline>::cancel();
  DeadlineLink<OutputDeadline>::cancel();
  release(input_);
  release(output_);
  account_memory();
  if (wants_receipt_) give_receipt(!lost_);
  host().on_closed(*this);
}

// --- after a turn ------------------------------------------------------------------------------

void Connection::settle() noexcept {
  if (loop().serving == this) return;  // the turn does so at its end
  end_if_answered();
  if (state_ == State::flushing && output_.empty()) begin_linger();
  if (state_ != State::open) {
    release(input_);
    has_backlog_ = mid_frame_ = false;
  }
  if (output_.empty()) release(output_);  // what was written may have been taken back
  update_input_deadline();
  account_memory();
  if (has_more_to_do()) schedule();
}

/// True where no edge of the socket will bring the next turn.
bool Connection::has_more_to_do() const noexcept {
  switch (state_) {
    case State::open:
      break;
    case State::flushing:
      return may_send_ && !output_.empty();
    case State::lingering:
      return may_receive_;
    case State::closed:
      return false;
  }
  if (may_send_ && !output_.empty()) return true;
  if (pending_ || is_reader_behind()) return false;
  return has_backlog_ || (may_receive_ && !is_input_ended());
}

void Connection::schedule() noexcept {
  if (scheduled_) return;
  scheduled_ = true;
  host().make_ready(*this);
}

void Connection::account_memory() noexcept {
  const std::size_t held = buffer_bytes();
  if (held == accounted_bytes_) return;
  host().on_memory_change(static_cast<std::ptrdiff_t>(held) -
                          static_cast<std::ptrdiff_t>(accounted_bytes_));
  accounted_bytes_ = static_cast<std::uint32_t>(held);
}

}  // namespace reactord
