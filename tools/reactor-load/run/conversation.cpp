// SPDX-License-Identifier: MIT
#include "tools/reactor-load/run/conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "protocol/escape.h"
#include "protocol/replies/reply.h"

namespace reactord::load {
namespace {

constexpr std::size_t kShownBytes = 160;
/// Enough to tell at once that a reply is not the expected one: its type, its length, and some of
/// it. The rest is compared when all of it is there.
constexpr std::size_t kFirstLookBytes = 64;

/// Of a plain reply, whose end may never come: the largest frame that reactord takes by default.
constexpr std::size_t kMostLineBytes = 16u << 20;

std::string show(std::string_view bytes) {
  return fmt::format("'{}'{}", escaped(bytes, kShownBytes),
                     bytes.size() > kShownBytes ? fmt::format(" ({} bytes)", bytes.size()) : "");
}

/// Whether `text` begins as errors do by custom: with a word of upper-case letters.
bool begins_with_code(std::string_view text) {
  constexpr std::size_t kMinCodeBytes = 3;  // ERR
  const std::size_t blank = text.find(' ');
  return blank != std::string_view::npos && blank >= kMinCodeBytes &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(blank),
                     [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// The error that a line seems to be, of whatever wire, without its mark; or "".
std::string_view error_in(std::string_view line) {
  if (line.starts_with(kPlainErrorMark)) return line.substr(kPlainErrorMark.size());
  if (line.starts_with('-')) line.remove_prefix(1);
  return begins_with_code(line) ? line : std::string_view();
}

/// An error without what it quotes of a request, so that alike ones are counted together: "ERR
/// unknown command '...'".
std::string shape_of(std::string_view error) {
  constexpr std::size_t kMostQuoted = 3;  // of "expected '$', got '+'"
  // A quote opens behind a blank: elsewhere it is an apostrophe.
  for (std::size_t open = error.find(" '"); open != std::string_view::npos;) {
    const std::size_t close = error.find('\'', open + 2);
    if (close == std::string_view::npos || close - open - 2 > kMostQuoted) {
      return escaped(error.substr(0, open), kShownBytes) + " '...'";
    }
    open = error.find(" '", close);
  }
  return escaped(error, kShownBytes);
}

/// What reactord and Redis say to a connection beyond their limits, before they close it. It
/// answers no request, and comes whether there was one or not.
bool is_refusal(const ReplyView& reply) {
  return reply.is_error() && reply.text.starts_with("ERR max number of clients reached");
}

}  // namespace

void Conversation::begin(const Speaker& speaker) {
  speaker_ = speaker;
  bytes_.clear();
  partial_.clear();
  scanner_ = {};
  sent_bytes_ = owed_ = 0;
  position_ = 0;
  first_ = last_ = unstamped_ = sending_ = 0;
  sent_of_sending_ = 0;
  last_error_.clear();
}

// --- writing -------------------------------------------------------------------------------------

void Conversation::write(std::uint32_t index, GeneratorState& state, TimePoint planned) {
  const EncodedRequest& request = plan_.requests[index];
  const EncodedRequest::Written written = request.write(bytes_, state, *ledger_.scratch);
  push({planned, written.bytes, written.tail, index});
  ++ledger_.group->commands[request.row].sent;
  if (request.expectation.kind != Expectation::Kind::none) ++owed_;
}

void Conversation::stamp(TimePoint now) {
  for (; unstamped_ < last_; ++unstamped_) {
    Request& request = at(unstamped_);
    if (request.planned == TimePoint{}) request.planned = now;
  }
}

void Conversation::sent(std::size_t bytes) {
  sent_bytes_ += bytes;
  count_sent(bytes);
  pop_settled();
}

void Conversation::count_sent(std::size_t bytes) {
  while (bytes > 0) {
    const Request& request = at(sending_);
    const std::size_t taken = std::min(bytes, request.bytes - sent_of_sending_);
    ledger_.group->commands[encoded(request).row].bytes_out += taken;
    sent_of_sending_ += taken;
    bytes -= taken;
    if (sent_of_sending_ < request.bytes) return;
    ++sending_;
    sent_of_sending_ = 0;
  }
}

void Conversation::push(const Request& request) {
  if (last_ - first_ == ring_.size()) {
    std::vector<Request> larger(std::max<std::size_t>(4, ring_.size() * 2));
    for (std::size_t i = first_; i < last_; ++i) {
      larger[i & (larger.size() - 1)] = ring_[i & (ring_.size() - 1)];
    }
    ring_ = std::move(larger);
  }
  ring_[last_++ & (ring_.size() - 1)] = request;
}

void Conversation::pop_front() {
  const std::size_t bytes = front().bytes;
  bytes_.consume(bytes);
  sent_bytes_ -= std::min(sent_bytes_, bytes);  // at the end, it may not be sent whole
  ++first_;
}

/// Drops the requests at the front that are sent, and owed no reply any more.
void Conversation::pop_settled() {
  while (first_ < last_ && is_settled(front()) && sent_bytes_ >= front().bytes) pop_front();
  unstamped_ = std::max(unstamped_, first_);
}

// --- reading -------------------------------------------------------------------------------------

Heard Conversation::receive(std::string_view bytes, TimePoint now) {
  if (plan_.group.hostile) {
    hear_hostile(bytes);
    return Heard::fine;
  }
  std::size_t used = 0;
  if (partial_.empty()) {
    const Heard heard = judge_all(bytes, now, used);
    partial_.append(bytes.substr(used));
    return heard;
  }
  partial_.append(bytes);
  const Heard heard = judge_all(partial_.view(), now, used);
  partial_.consume(used);
  return heard;
}

Heard Conversation::judge_all(std::string_view bytes, TimePoint now, std::size_t& used) {
  while (used < bytes.size()) {
    std::size_t taken = 0;
    switch (judge(bytes.substr(used), now, taken)) {
      case Judged::need_more:
        return Heard::fine;
      case Judged::reply:
        used += taken;
        break;
      case Judged::broken:
        used = bytes.size();
        return Heard::broken;
      case Judged::refused:
        used = bytes.size();
        return Heard::refused;
    }
  }
  return Heard::fine;
}

Conversation::Judged Conversation::judge(std::string_view bytes, TimePoint now, std::size_t& used) {
  // Behind a request that is not sent yet, nothing else is.
  const bool surplus = owed_ == 0 || sent_bytes_ == 0 || is_settled(front());
  if (!surplus && encoded(front()).expectation.kind == Expectation::Kind::echo) {
    const Judged judged = judge_echo(bytes, used);
    if (judged == Judged::reply) settle(used, now);
    if (judged != Judged::broken) return judged;
  }
  ReplyView reply;
  if (surplus && wire_ == Wire::raw) {
    reply.raw = reply.text = bytes;
  } else if (const Judged found = find_reply(bytes, reply); found != Judged::reply) {
    if (found == Judged::broken) {
      ++ledger_.group->broken;
      fail("not a reply", show(bytes), surplus ? About::nothing : About::request);
    }
    return found;
  }
  used = reply.raw.size();
  if (reply.is_push()) return Judged::reply;
  note_error(reply);
  if (position_ == 0 && is_refusal(reply)) return Judged::refused;
  if (surplus) {
    ++ledger_.group->surplus;
    fail("surplus reply", show(bytes), About::nothing);
    return Judged::broken;
  }
  const EncodedRequest& request = encoded(front());
  if (!request.expectation.allows(reply, argument(), wire_ == Wire::resp, *ledger_.scratch)) {
    ++ledger_.group->commands[request.row].wrong;
    fail("wrong reply", show(reply.raw));
    if (wire_ == Wire::raw) return Judged::broken;
  }
  settle(used, now);
  return Judged::reply;
}

/// An echo in RESP is the request's last word in its own encoding: comparing them needs no parsing.
/// `broken` here means only that it is not that.
Conversation::Judged Conversation::judge_echo(std::string_view bytes, std::size_t& used) {
  if (wire_ == Wire::raw) return Judged::broken;
  const std::string_view expected = request_bytes().substr(front().bytes - front().tail);
  if (bytes.size() >= expected.size()) {
    used = expected.size();
    return std::memcmp(bytes.data(), expected.data(), used) == 0 ? Judged::reply : Judged::broken;
  }
  const std::size_t look = std::min(bytes.size(), kFirstLookBytes);
  return std::memcmp(bytes.data(), expected.data(), look) == 0 ? Judged::need_more : Judged::broken;
}

Conversation::Judged Conversation::find_reply(std::string_view bytes, ReplyView& reply) {
  if (wire_ == Wire::line) return find_line(bytes, reply);
  if (wire_ == Wire::raw) return find_raw(bytes, reply);
  switch (scanner_.scan(bytes, reply)) {
    case ScanStatus::need_more:
      return Judged::need_more;
    case ScanStatus::reply:
      return Judged::reply;
    case ScanStatus::broken:
      return Judged::broken;
  }
  return Judged::broken;
}

Conversation::Judged Conversation::find_line(std::string_view bytes, ReplyView& reply) {
  const std::size_t newline = bytes.find('\n');
  if (std::min(newline, bytes.size()) > kMostLineBytes) return Judged::broken;
  if (newline == std::string_view::npos) return Judged::need_more;
  reply.raw = bytes.substr(0, newline + 1);
  reply.text = bytes.substr(0, newline);
  if (reply.text.ends_with('\r')) reply.text.remove_suffix(1);
  const bool is_error = reply.text.starts_with(kPlainErrorMark);
  reply.type = is_error ? '-' : '+';
  if (is_error) reply.text.remove_prefix(kPlainErrorMark.size());
  return Judged::reply;
}

/// Without a frame a reply is as long as what is expected; where nothing is, it is what came.
Conversation::Judged Conversation::find_raw(std::string_view bytes, ReplyView& reply) {
  std::string& expected = *ledger_.scratch;
  reply.type = '+';
  reply.raw = bytes;
  if (encoded(front()).expectation.expected_text(argument(), expected)) {
    const std::size_t common = std::min(bytes.size(), expected.size());
    const bool same = bytes.substr(0, common) == std::string_view(expected).substr(0, common);
    if (same && bytes.size() < expected.size()) return Judged::need_more;
    if (same) reply.raw = bytes.substr(0, expected.size());
  }
  reply.text = reply.raw;
  return Judged::reply;
}

/// The front request has its reply.
void Conversation::settle(std::size_t reply_bytes, TimePoint now) {
  CommandTally& row = ledger_.group->commands[encoded(front()).row];
  ++row.replies;
  row.bytes_in += reply_bytes;
  const Duration took = now - front().planned;
  const auto nanoseconds =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, std::chrono::nanoseconds(took).count()));
  row.latency.record(nanoseconds);
  ledger_.recent->record(nanoseconds);
  longest_wait_ = std::max(longest_wait_, nanoseconds);
  ++position_;
  --owed_;
  front().answered = true;
  pop_settled();
}

/// A hostile group's replies are nobody's; what the server says last is remembered.
void Conversation::hear_hostile(std::string_view bytes) {
  ledger_.group->unmatched_bytes_in += bytes.size();
  while (bytes.ends_with('\n') || bytes.ends_with('\r')) bytes.remove_suffix(1);
  const std::string_view error = error_in(bytes.substr(bytes.rfind('\n') + 1));
  if (!error.empty()) last_error_ = shape_of(error);
}

void Conversation::note_error(const ReplyView& reply) {
  if (reply.is_error()) {
    last_error_ = shape_of(reply.text);
  } else {
    last_error_.clear();
  }
}

// --- the end -------------------------------------------------------------------------------------

void Conversation::end(std::string_view how, bool timed_out) {
  if (owed_ > 0 && !plan_.group.hostile) {
    const std::string rest = partial_.empty() ? "" : ", and a part: " + show(partial_.view());
    const char* kind = timed_out ? "no reply in time" : "missing reply";
    (timed_out ? ledger_.group->timeouts : ledger_.group->missing) += owed_;
    while (is_settled(front())) pop_front();
    fail(kind,
         fmt::format("{}, with {} {} owed{}", how, owed_, owed_ == 1 ? "reply" : "replies", rest));
  }
  if (owed_ == 0 && !partial_.empty()) {
    ++ledger_.group->surplus;
    fail("surplus reply", show(partial_.view()) + ", and then " + std::string(how), About::nothing);
  }
  begin(speaker_);
}

void Conversation::abandon() {
  begin(speaker_);
}

std::string_view Conversation::request_bytes() {
  return bytes_.view().substr(0, front().bytes);
}

std::string_view Conversation::argument() {
  return argument_of(request_bytes().substr(front().bytes - front().tail), wire_);
}

/// What is not about the request at the front came though nothing was owed.
void Conversation::fail(const char* kind, std::string got, About about) {
  if (ledger_.tally->failures.size() >= Tally::kKeptFailures) return;
  Failure failure;
  failure.kind = kind;
  failure.group = plan_.group.name;
  failure.client = speaker_.client;
  failure.connection = speaker_.connection;
  failure.got = std::move(got);
  if (about == About::request) {
    const EncodedRequest& request = encoded(front());
    failure.command = plan_.labels[request.row];
    failure.position = position_ + 1;
    failure.request = show(request_bytes());
    failure.expected = request.expectation.describe(argument());
  } else {
    failure.position = position_;
    failure.expected = "nothing more: every request was answered";
  }
  ledger_.tally->add_failure(std::move(failure));
}

}  // namespace reactord::load
