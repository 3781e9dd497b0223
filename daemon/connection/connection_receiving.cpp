// SPDX-License-Identifier: MIT
// How bytes reach a connection: received into the LoopContext's scratch, or behind what is kept, in
// turns with serving them. What is served of them is in connection_input.cpp.
#include "daemon/connection/connection.h"

#include <algorithm>

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
/// frame is moved four times at most, and an announcement costs little.
constexpr std::size_t kMaxGrowth = 4;
/// Room for less would soon be too little again: most frames that come in pieces are longer.
constexpr std::size_t kMinWideningBytes = 64u << 10;
/// More than this is not copied into a buffer of the pool, which has its pages already: that would
/// be a long turn. It keeps its own, and gets more.
constexpr std::size_t kMaxCopiedBytes = 1u << 20;
/// Kept input up to this length is moved in front of newly received bytes: cheaper than a second
/// receive. Constant, so that a frame which arrives byte by byte still costs linear time.
constexpr std::size_t kMaxMovedBytes = 4u << 10;

std::uint32_t usec_of(TimePoint time) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count());
}

}  // namespace

void Connection::serve_input(Turn& turn) {
  if (kept_ == Kept::frames) serve_kept(turn);
  if (must_pause(turn) || is_overtaken(turn)) return;
  if (may_receive_ && !is_input_ended())
    input_.size() <= kMaxMovedBytes ? receive_into_scratch(turn) : receive_behind_kept(turn);
  // The end of the input turns what was kept of it into a last frame.
  if (is_input_ended() && kept_ == Kept::frames && !is_overtaken(turn)) serve_kept(turn);
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
  if (input_.size() > kMaxCopiedBytes) return void(input_.prepare(least));
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
      if (result.error != 0) [[unlikely]]
        host().try_later(*this);
      else if (input_state_ == Input::draining)
        input_state_ = Input::ended_by_drain;
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
