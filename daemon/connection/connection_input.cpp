// SPDX-License-Identifier: MIT
// How requests reach a connection: received into the LoopContext's scratch, or behind what is kept,
// cut into frames, and served within a bounded share of each turn. What becomes of their replies is
// in connection_output.cpp.
#include "daemon/connection/connection.h"

#include <algorithm>

#include "daemon/probes/probes.h"

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

/// A connection's share of a turn: half a millisecond, so that nobody waits for a hog. A frame is a
/// unit of work, and a request what its handler says it costs beyond that
/// (HandlerContext::charge()). Frames that need no reply count too, empty lines and `*0`: they take
/// time like any other.
constexpr WorkUnits kMaxWorkPerTurn = 1000;
constexpr std::size_t kMaxOutputBytesPerTurn = 128u << 10;
static_assert(GatherList::kMaxPieces * GatherList::kMinPieceBytes >= kMaxOutputBytesPerTurn,
              "a share of nothing but borrowed pieces needs no copy");

/// The list of a frame's arguments stays allocated up to this many.
constexpr std::size_t kMaxKeptArguments = 1024;

std::uint32_t usec_of(TimePoint time) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count());
}

}  // namespace

struct Connection::Turn {
  Buffer& out;
  std::size_t max_output_bytes;  ///< that `out` may hold, with what is borrowed
  WorkUnits ignored = 0;         ///< of the frames, those that were no request
};

void Connection::serve_turn() {
  if (!output_.empty()) flush(output_);
  if (may_serve()) {
    if (loop().paused != Paused::nobody && must_wait()) [[unlikely]]
      is_paused_ = true;
    else if (policy_.limiter == nullptr) [[likely]]
      (void)serve_share(kMaxWorkPerTurn);
    else
      serve_limited();
  }
  settle();
}

bool Connection::must_wait() const noexcept {
  if (input_state_ == Input::draining || input_state_ == Input::ended_by_drain) return false;
  return loop().paused == Paused::everyone || !policy_.is_admin;
}

/// What was used of the share for requests.
WorkUnits Connection::serve_share(WorkUnits share) {
  loop().serving = this;
  loop().share_left = share;
  Buffer& out = output();
  Turn turn{out, std::min(loop().output_high_water, out.size() + kMaxOutputBytesPerTurn)};
  loop().arrived = kept_ == Kept::frames ? kept_since() : host().now();
  serve_input(turn);
  const WorkUnits used = share - loop().share_left;
  if (used > turn.ignored) note_activity();
  loop().work += used;
  send_batch(out);
  release_wide_frame();
  loop().serving = nullptr;
  return used - turn.ignored;
}

/// A share of as many requests as its client may have. What a drain has received is answered, and
/// what has nothing to be served is not asked about.
void Connection::serve_limited() {
  using What = InputLimiter::Grant::What;
  if (is_held_back_) return;
  const bool has_input = may_receive_ || kept_ == Kept::frames;
  const bool is_draining = input_state_ == Input::draining || input_state_ == Input::ended_by_drain;
  if (!has_input || is_draining) return void(serve_share(kMaxWorkPerTurn));
  const InputLimiter::Grant grant = policy_.limiter->grant(*this, kMaxWorkPerTurn);
  is_held_back_ = grant.what == What::hold;
  if (is_held_back_) return;
  loop().charged = 0;
  loop().refusal = grant.error;
  session_.set_refused(grant.what != What::serve);
  const std::uint64_t received_before = loop().received;
  const WorkUnits requests = serve_share(grant.requests) - loop().charged;
  session_.set_refused(false);
  policy_.limiter->settle(*this, grant, requests, loop().received - received_before);
  if (grant.what == What::close && requests > 0) end(CloseReason::closed_limit, {}, grant.error);
}

/// One frame of a million arguments must not cost its 16 MiB for ever.
void Connection::release_wide_frame() noexcept {
  std::vector<std::string_view>& arguments = loop().frame.many;
  if (arguments.capacity() > kMaxKeptArguments) std::vector<std::string_view>().swap(arguments);
}

void Connection::serve_input(Turn& turn) {
  if (kept_ == Kept::frames) serve_kept(turn);
  if (must_pause(turn) || is_overtaken(turn)) return;
  if (may_receive_ && !is_input_ended())
    input_.size() <= kMaxMovedBytes ? receive_into_scratch(turn) : receive_behind_kept(turn);
  // The end of the input turns what was kept of it into a last frame.
  if (is_input_ended() && kept_ == Kept::frames && !is_overtaken(turn)) serve_kept(turn);
}

void Connection::serve_kept(Turn& turn) {
  const std::size_t served = serve_frames(input_.view(), turn);
  // What was borrowed of it must be sent before it goes, and the sink may know of its words.
  loop().borrowed.empty() ? loop().sink.end_batch() : flush_early(turn);
  if (state_ == State::closed) return;  // by a reset: nothing is kept any more
  input_.consume(served);
  if (input_.empty()) release(input_);
}

/// In the middle of a turn; it counts for the turn's share all the same.
void Connection::flush_early(Turn& turn) {
  const std::size_t bytes = turn.out.size() + loop().borrowed.bytes();
  turn.max_output_bytes -= std::min(bytes, turn.max_output_bytes);
  send_batch(turn.out);
}

/// What sending takes is the time of no command, but of its requests.
void Connection::send_batch(Buffer& out) {
  loop().sink.end_batch();
  flush_turn(out);
  loop().sink.on_sent(*this, loop().arrived);
}

/// Of frames that wait in input_: to the microsecond, and wrong by 71 minutes where they have
/// waited for longer.
TimePoint Connection::kept_since() const noexcept {
  const auto waited = std::chrono::microseconds(usec_of(host().now()) - kept_since_usec_);
  return host().now() - waited;
}

/// Whatever waits from now on has come now: no more is received while older frames wait. Those that
/// were served before it in this turn had come earlier, and count as sent.
void Connection::note_arrival(std::size_t bytes) noexcept {
  bytes_received_ += bytes;
  const TimePoint now = host().now();
  kept_since_usec_ = usec_of(now);
  if (loop().arrived == now) return;
  loop().sink.on_sent(*this, loop().arrived);
  loop().arrived = now;
}

/// Part of the turn's output was not taken by the kernel: what would be written to the scratch now
/// would overtake it.
bool Connection::is_overtaken(const Turn& turn) const noexcept {
  return &turn.out != &output_ && !output_.empty();
}

void Connection::receive_into_scratch(Turn& turn) {
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
void Connection::receive_behind_kept(Turn& turn) {
  // How much of a line is missing nobody knows: the parser says 1.
  const std::size_t missing = parser_.bytes_missing(input_.size());
  if (input_.room() < std::min(missing, kReceiveBytes)) widen_kept(input_.size(), missing);
  // There is room now: prepare() does not move what is kept.
  const std::size_t wanted = std::clamp(missing, kReceiveBytes, kMaxDirectReceiveBytes);
  input_.commit(receive(input_.prepare(1).first(std::min(wanted, input_.room()))));
  if (may_serve()) serve_kept(turn);
}

/// Keeps what could not be served of the scratch, behind what is kept already.
void Connection::keep(std::string_view rest) {
  if (rest.empty()) return;
  if (input_.room() < rest.size() && rest.size() >= kMinLargeBytes) {
    const std::size_t missing =
        kept_ == Kept::part_of_frame ? parser_.bytes_missing(input_.size() + rest.size()) : 0;
    widen_kept(input_.size() + rest.size(), rest.size() + missing);
  }
  input_.append(rest);
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
///
/// A short read means that the socket is drained, and saves the receive that would only say so.
/// That rests on this, with edge-triggered events: recv(2) of a stream returns less than it was
/// asked for only where there was no more, and what comes later is a new edge. What else ends it
/// early:
/// - the end of the stream, which a second receive has to fetch: EPOLLRDHUP announces it;
/// - TCP's urgent mark, and that of a Unix socket (MSG_OOB): recv(2) stops in front of it, with
///   more behind. EPOLLPRI tells of it for as long as it has not been passed (tcp_poll, unix_poll),
///   so that every edge under which a read could stop there says so;
/// - a signal: the loop's thread takes them by signalfd(2) alone;
/// - what a stream says itself (IoResult::has_more): TLS has more in its own buffer.
/// From the first of those on this connection reads until there is no more (reads_to_block_). What
/// ends reads elsewhere does not occur here: records of kernel TLS, and a Unix socket's border
/// between senders' credentials (SO_PASSCRED), are not switched on.
std::size_t Connection::receive(std::span<char> room) noexcept {
  const IoResult result = stream_->receive(room);
  switch (result.status) {
    case IoStatus::ok:
      loop().note_moved(result.bytes);
      loop().received += result.bytes;
      note_arrival(result.bytes);
      may_receive_ = result.bytes == room.size() || reads_to_block_ || result.has_more;
      if (wants_receipt_ && state_ == State::open) give_receipt(true);
      return result.bytes;
    case IoStatus::would_block:
      may_receive_ = false;
      if (input_state_ == Input::draining) input_state_ = Input::ended_by_drain;
      return 0;
    case IoStatus::end:
      may_receive_ = false;
      input_state_ = Input::ended_by_fin;
      if (!input_.empty()) kept_ = Kept::frames;
      return 0;
    case IoStatus::cut_off:
      may_receive_ = false;
      input_state_ = Input::cut_off;
      return 0;
    case IoStatus::lost:
      lose(result);
      return 0;
  }
  return 0;
}

/// Serves the whole frames at the start of `input`; the number of bytes that are done with.
std::size_t Connection::serve_frames(std::string_view input, Turn& turn) {
  std::string_view rest = input;
  kept_ = Kept::nothing;
  if (&turn.out != &output_) loop().borrowed.lend(input);
  while (!rest.empty()) {
    // What is no array may be text of a person, or of a foreign protocol, with rules of its own.
    if (state_ == State::overlapping && rest.front() != '*') [[unlikely]]
      state_ = State::pending;
    if (must_pause(turn)) {
      kept_ = Kept::frames;
      break;
    }
    switch (parse(rest)) {
      case ParseStatus::need_more:
        kept_ = Kept::part_of_frame;
        return input.size() - rest.size();
      case ParseStatus::error:
        if (state_ == State::overlapping) {
          state_ = State::pending;  // the error's turn comes behind them
          continue;
        }
        reject_input();
        return input.size();
      case ParseStatus::frame:
        if (!serve_frame(turn)) continue;
        break;
      case ParseStatus::nothing:
        --loop().share_left;
        ++turn.ignored;
        if (frame_timed_) stop_frame_time();  // of one that is served, note_activity() does
        break;
    }
    rest.remove_prefix(loop().frame.bytes);
  }
  return input.size() - rest.size();
}

/// As FrameParser::parse, for this connection: a foreign protocol is an error, too.
ParseStatus Connection::parse(std::string_view input) {
  if (policy_.framing == Framing::command && input.front() == '*') [[likely]] {
    reply_encoding_ = resp_encoding();
  } else if (const ParseStatus status = look_for_foreign(input); status != ParseStatus::nothing) {
    return status;
  }
  const ParseStatus status = parser_.parse(input, *limits_, loop().frame);
  if (status != ParseStatus::need_more || input_state_ != Input::ended_by_fin) [[likely]]
    return status;
  return parser_.parse_last(input, *limits_, loop().frame);
}

/// Before a line or a chunk: `nothing` if it is one.
ParseStatus Connection::look_for_foreign(std::string_view input) {
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
  if (match.status == ForeignStatus::undecided && input_state_ == Input::ended_by_fin) return {};
  return match;
}

ParseStatus Connection::say_farewell(const ForeignProtocol& protocol) {
  output().append(protocol.farewell);
  end(CloseReason::closed_foreign, {}, protocol.name);
  return ParseStatus::error;
}

void Connection::reject_input() {
  if (is_ending()) return;
  const std::string error = parser_.error();
  ReplyWriter(output(), reply_encoding_).error(error);
  figures_.note_error(loop().sink.note_error(error));
  end(CloseReason::closed_protocol_error, {}, error);
}

/// False where it is to be served again, later.
bool Connection::serve_frame(Turn& turn) {
  if (state_ == State::overlapping) [[unlikely]]
    return serve_frame_behind(turn);
  past_first_ = true;
  LoopContext& shared = loop();  // asked for once
  --shared.share_left;
  REACTORD_PROBE_REQUEST_BEGIN(client_id_, shared.frame.bytes);
  const ServeResult result = shared.sink.serve(*this, shared.frame, turn.out);
  REACTORD_PROBE_REQUEST_END(client_id_, static_cast<std::uint8_t>(result));
  if (result != ServeResult::replied) [[unlikely]]
    end_or_wait(result);
  return true;
}

bool Connection::serve_frame_behind(Turn& turn) {
  --loop().share_left;
  REACTORD_PROBE_REQUEST_BEGIN(client_id_, loop().frame.bytes);
  const ServeResult result = loop().sink.serve_behind(*this, loop().frame, turn.out);
  REACTORD_PROBE_REQUEST_END(client_id_, static_cast<std::uint8_t>(result));
  if (result == ServeResult::not_yet) ++turn.ignored;  // it comes again
  if (result != ServeResult::replied) end_or_wait(result);
  return result != ServeResult::not_yet;
}

void Connection::end_or_wait(ServeResult result) {
  switch (result) {
    case ServeResult::replied:
      return;
    case ServeResult::pending:
      return owe_reply(State::pending);
    case ServeResult::overlapping:
      return owe_reply(State::overlapping);
    case ServeResult::not_yet:
      if (state_ == State::overlapping) state_ = State::pending;
      return;
    case ServeResult::close_after_reply:
      return end(CloseReason::closed_by_handler);
    case ServeResult::quit:
      return end(CloseReason::closed_quit);
  }
}

void Connection::owe_reply(State next) noexcept {
  if (is_ending()) return;
  ++owed_replies_;
  state_ = next;
}

bool Connection::must_pause(const Turn& turn) const noexcept {
  return !may_serve() || loop().share_left == 0 ||
         turn.out.size() + loop().borrowed.bytes() >= turn.max_output_bytes;
}

/// Of the reply to what is no array.
ReplyEncoding Connection::line_encoding() const noexcept {
  const bool has_spoken_resp = reply_encoding_ != ReplyEncoding::plain;
  const bool is_resp = has_spoken_resp || policy_.inline_replies_resp;
  return encoding_of(policy_.framing, is_resp ? resp_encoding() : ReplyEncoding::plain);
}

/// One receive a turn, as when it is served.
void Connection::discard_input() {
  if (may_receive_) {
    loop().input.clear();
    (void)receive(loop().input.prepare(kReceiveBytes).first(kReceiveBytes));
  }
  if (is_input_ended()) return become_closed(InOrder::yes);
  if (has_more_to_do()) schedule();
}

}  // namespace reactord
