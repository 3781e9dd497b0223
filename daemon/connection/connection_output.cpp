// SPDX-License-Identifier: MIT
// How a connection's replies leave it: straight out of the LoopContext's scratch, long pieces from
// where they lie in the input, and behind what the kernel did not take before. What is written when
// is decided in connection.cpp.
#include "daemon/connection/connection.h"

#include <algorithm>

#include "daemon/probes/probes.h"

namespace reactord {

namespace {

/// The output scratch grows for one long reply; beyond this, 1 MiB with what stands around it and
/// before it, it does not stay so.
constexpr std::size_t kMaxScratchBytes = 2u << 20;

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
    sent = note_sent(stream_->send(out.view()), out.size());
    out.consume(sent);
  }
  keep_unsent(out);
  update_write_stall(sent > 0);
}

/// The scratch, with what was borrowed of the input in its places.
void Connection::flush_gathered(Buffer& out) {
  const std::size_t bytes = out.size() + loop().borrowed.bytes();
  const std::span<const std::string_view> parts = loop().borrowed.parts(out.view());
  std::size_t sent = 0;
  if (may_send_ && state_ != State::closed) {
    note(Standing::sending);
    sent = note_sent(stream_->send_parts(parts), bytes);
  }
  if (sent < bytes && state_ != State::closed) append_unsent(parts, sent, bytes - sent);
  out.clear();
  keep_unsent(out);
  update_write_stall(sent > 0);
}

/// Copies what is behind the first `sent` bytes of the parts, into room for exactly that: a slow
/// reader is to cost no more than it is owed.
void Connection::append_unsent(std::span<const std::string_view> parts, std::size_t sent,
                               std::size_t rest) {
  (void)output_.prepare(rest);
  for (const std::string_view part : parts) {
    const std::size_t of_part = std::min(part.size(), sent);
    output_.append(part.substr(of_part));
    sent -= of_part;
  }
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
