// SPDX-License-Identifier: MIT
// How a connection's replies leave it: straight out of the LoopContext's scratch, long pieces from
// where they lie in the input, and behind what the kernel did not take before. What is written when
// is decided in connection.cpp.
#include "daemon/connection/connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/probes/probes.h"

namespace reactord {

namespace {

/// The output scratch grows for one long reply; beyond this, 1 MiB with what stands around it and
/// before it, it does not stay so.
constexpr std::size_t kMaxScratchBytes = 2u << 20;

/// One send of a turn: the kernel takes up to a third of a millisecond for it, and much more for
/// all that a reader keeps pace with. A reply to 1 MiB, with what stands around it, goes at once.
constexpr std::size_t kMaxSendBytes = (1u << 20) + (64u << 10);

/// From here on an unsent piece is left where it lies. What was served in front of it, a share of a
/// turn at most, is then held, too: that is less.
constexpr std::size_t kMinTakenOverBytes = 256u << 10;
/// Copied instead, of what stands around it: what one receive may have brought behind it.
constexpr std::size_t kMaxAroundBytes = 256u << 10;

static_assert(GatherList::kMaxParts <= Stream::kMaxParts, "one send for all of them");

}  // namespace

/// Where replies go: behind what is unsent, or into the scratch if nothing is and it is this
/// connection's turn.
Buffer& Connection::output() noexcept {
  return is_being_served() && output_.empty() ? loop().output : output_;
}

/// Sends what the turn has written and borrowed, as far as the kernel takes it, and keeps the rest:
/// afterwards the input may move.
void Connection::flush_turn(Buffer& out) {
  loop().borrowed.empty() ? flush(out) : flush_gathered(out);
  loop().borrowed.clear();
}

void Connection::flush(Buffer& out) {
  std::size_t sent = 0;
  if (may_send_ && !out.empty() && state_ != State::closed) {
    note(Standing::sending);
    const std::string_view bytes = out.view().substr(0, kMaxSendBytes);
    sent = note_sent(stream_->send(bytes), bytes.size());
    out.consume(sent);
  }
  keep_unsent(out);
  update_write_stall(sent > 0);
}

/// The scratch, with what was borrowed of the input in its places.
void Connection::flush_gathered(Buffer& out) {
  const std::size_t bytes = out.size() + loop().borrowed.bytes();
  const std::span<std::string_view> parts = loop().borrowed.parts(out.view());
  std::size_t sent = 0;
  if (may_send_ && state_ != State::closed) {
    note(Standing::sending);
    sent = send_gathered(parts, bytes);
  }
  if (sent < bytes && state_ != State::closed) keep_parts(parts, sent, bytes - sent);
  out.clear();
  keep_unsent(out);
  update_write_stall(sent > 0);
}

std::size_t Connection::send_gathered(std::span<const std::string_view> parts, std::size_t bytes) {
  if (bytes <= kMaxSendBytes) [[likely]]
    return note_sent(stream_->send_parts(parts), bytes);
  std::array<std::string_view, GatherList::kMaxParts> first;
  std::size_t count = 0;
  std::size_t wanted = 0;
  for (const std::string_view part : parts) {
    if (wanted == kMaxSendBytes) break;
    first[count] = part.substr(0, kMaxSendBytes - wanted);
    wanted += first[count++].size();
  }
  return note_sent(stream_->send_parts(std::span(first).first(count)), wanted);
}

/// Keeps what is behind the first `sent` bytes of the parts: copied, into room for exactly that,
/// since a slow reader is to cost no more than it is owed.
void Connection::keep_parts(std::span<std::string_view> parts, std::size_t sent, std::size_t rest) {
  for (; sent >= parts.front().size(); parts = parts.subspan(1)) sent -= parts.front().size();
  parts.front().remove_prefix(sent);
  if (take_over_input(parts, rest)) return;
  (void)output_.prepare(rest);
  for (const std::string_view part : parts) output_.append(part);
}

/// Where most of what is owed, `bytes`, is one long piece of kept input, the buffer that it lies in
/// becomes the output's, and what lies behind it there is copied instead: a copy of 16 MiB would be
/// a long turn by itself. False where that is not so.
bool Connection::take_over_input(std::span<const std::string_view> parts, std::size_t bytes) {
  const auto piece = std::ranges::max_element(parts, {}, &std::string_view::size);
  const std::string_view kept = input_.view();
  if (!output_.empty() || piece->size() < kMinTakenOverBytes || !lies_within(*piece, kept))
    return false;
  const auto before = static_cast<std::size_t>(piece->data() - kept.data());
  const std::string_view behind = kept.substr(before + piece->size());
  const std::size_t around = bytes - piece->size() + behind.size();
  if (around > std::min(kMaxAroundBytes, piece->size() / 2)) return false;
  Buffer head;  // what stands around the piece may lie in the way of it
  Buffer tail;
  Buffer next;
  for (auto part = parts.begin(); part != piece; ++part) head.append(*part);
  for (auto part = piece + 1; part != parts.end(); ++part) tail.append(*part);
  if (head.size() > before) return false;
  next.append(behind);
  input_.consume(before);
  input_.truncate(piece->size());
  input_.prepend(head.view());
  input_.append(tail.view());
  input_.shrink();
  output_ = std::exchange(input_, std::move(next));
  return true;
}

/// What a send has told; how many bytes it took.
std::size_t Connection::note_sent(const IoResult& result, std::size_t wanted) noexcept {
  REACTORD_PROBE_SEND(client_id_, wanted, result.bytes, static_cast<std::uint8_t>(result.status));
  switch (result.status) {
    case IoStatus::ok:
      must_linger_ = true;
      loop().note_moved(result.bytes);
      bytes_sent_ += result.bytes;
      may_send_ = result.bytes == wanted || result.has_more;
      return result.bytes;
    case IoStatus::would_block:
      may_send_ = false;
      if (result.error != 0) [[unlikely]]
        host().try_later(*this);
      return 0;
    case IoStatus::end:
    case IoStatus::cut_off:
    case IoStatus::lost:
      lose(result);
      return 0;
  }
  return 0;
}

void Connection::keep_unsent(Buffer& out) {
  const bool is_scratch = &out != &output_;
  if (is_scratch && !out.empty() && state_ != State::closed) output_.append(out.view());
  if (is_scratch) out.clear();
  if (is_scratch && out.capacity() > kMaxScratchBytes) release(out);
  if (output_.empty()) release(output_);
}

}  // namespace reactord
