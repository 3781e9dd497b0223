// SPDX-License-Identifier: MIT
// What a connection does with its input: cut into frames, and served within a bounded share of each
// turn. Where the input comes from is in connection_receiving.cpp, what becomes of the replies in
// connection_output.cpp.
#include "daemon/connection/connection.h"

#include <algorithm>

#include "daemon/probes/probes.h"

namespace reactord {

namespace {

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

}  // namespace

struct Connection::Turn {
  Buffer& out;
  std::size_t max_output_bytes;  ///< that `out` may hold, with what is borrowed
  WorkUnits ignored = 0;         ///< of the frames, those that were no request
};

void Connection::serve_turn() {
  if (!output_.empty()) flush(output_);
  if (may_serve() && !has_sent_its_share()) {
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
  if (may_receive_ || kept_ == Kept::frames)
    note(output_.empty() ? Standing::in_work : Standing::sending);
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

void Connection::serve_kept(Turn& turn) {
  const std::size_t served = serve_frames(input_.view(), turn);
  const std::size_t behind = input_.size() - served;
  // What was borrowed of it must be sent before it goes, and the sink may know of its words.
  loop().borrowed.empty() ? loop().sink.end_batch() : flush_early(turn);
  if (state_ == State::closed) return;     // by a reset: nothing is kept any more
  input_.consume(input_.size() - behind);  // of some, the output may have taken possession
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

/// Part of the turn's output was not taken by the kernel: what would be written to the scratch now
/// would overtake it.
bool Connection::is_overtaken(const Turn& turn) const noexcept {
  return &turn.out != &output_ && !output_.empty();
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

}  // namespace reactord
