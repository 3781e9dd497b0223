// SPDX-License-Identifier: MIT
#include "daemon/outgoing/resp_client_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "daemon/outgoing/back_off.h"
#include "daemon/outgoing/connector.h"
#include "protocol/request_writer.h"

namespace reactord {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLeastWait{1};

OutgoingStreamSettings stream_settings(const RespClientSettings& settings) {
  // What is sent is bounded before it is written, what is received by the scanner.
  return {.address = settings.address,
          .connect_timeout = settings.connect_timeout,
          .least_back_off = settings.least_back_off,
          .most_back_off = settings.most_back_off,
          .max_output_bytes = Buffer::kMaxBytes,
          .max_input_bytes = Buffer::kMaxBytes};
}

/// Rounded up: a timer must not fire before what it is for is due.
milliseconds until(TimePoint when, TimePoint now) {
  return std::max(std::chrono::ceil<milliseconds>(when - now), milliseconds(0));
}

}  // namespace

RespClient::Core::Core(Service& service, RespClientSettings settings,
                       std::unique_ptr<Connector> connector, std::function<double()> random)
    : service_(service),
      settings_(std::move(settings)),
      scanner_(settings_.reply_limits),
      stream_(service, stream_settings(settings_), *this, std::move(connector), std::move(random)) {
  settings_.connect_timeout = std::max(settings_.connect_timeout, kLeastWait);
  settings_.reply_timeout = std::max(settings_.reply_timeout, kLeastWait);
}

RespClient::Counters RespClient::Core::counters() const {
  Counters all = counters_;
  const OutgoingStream::Counters& stream = stream_.counters();
  all.connections = stream.connections;
  all.failed_attempts = stream.failed_attempts;
  all.bytes_sent = stream.bytes_sent;
  all.bytes_received = stream.bytes_received;
  return all;
}

// --- requests ------------------------------------------------------------------------------------

std::uint64_t RespClient::Core::request(std::span<const std::string_view> words,
                                        RespCallback&& callback) noexcept {
  if (words.empty() || !is_available() || !has_room_for(words)) {
    ++counters_.refused;
    return 0;
  }
  Buffer& out = is_connected() ? stream_.output() : waiting_;
  const std::size_t before = out.size();
  try {
    write(out, words, std::move(callback));
  } catch (const std::exception&) {  // no memory; nothing of it was accepted
    out.truncate(before);
    ++counters_.refused;
    return 0;
  }
  ++counters_.requests;
  return pending_.next_ticket() - 1;
}

bool RespClient::Core::has_room_for(std::span<const std::string_view> words) const {
  if (pending_.size() >= settings_.max_pending) return false;
  constexpr std::size_t kHeaderBytes = 14;  // "$", up to nine digits, two line ends
  std::size_t bytes = pending_bytes() + kHeaderBytes;
  for (const std::string_view word : words) {
    if (word.size() > settings_.max_pending_bytes) return false;
    bytes += word.size() + kHeaderBytes;
    if (bytes > settings_.max_pending_bytes) return false;
  }
  return true;
}

void RespClient::Core::write(Buffer& out, std::span<const std::string_view> words,
                             RespCallback&& callback) {
  const std::size_t before = out.size();
  write_request(out, words);
  const std::size_t bytes = out.size() - before;
  if (is_connected()) stream_.flush_soon();
  const TimePoint deadline =
      service_.now() + (is_connected() ? settings_.reply_timeout : settings_.connect_timeout);
  arm(deadline);
  pending_.push({std::move(callback), deadline, bytes});
  if (is_connected()) written_ += bytes;
}

void RespClient::Core::cancel(std::uint64_t ticket) {
  PendingRequest* const request = pending_.find(ticket);
  if (request == nullptr || !request->callback) return;
  ++counters_.cancelled;
  // What it holds may call the client when it is destroyed, so it goes last.
  const RespCallback callback = std::exchange(request->callback, nullptr);
}

void RespClient::Core::on_connected() {
  const Lookout gone = lookout();
  end_some(pending_.size());
  if (gone.expired()) return;
  try {
    send_all_that_wait();
  } catch (const std::exception&) {
    return stream_.close("out of memory");
  }
  tell_state(true, {});
}

void RespClient::Core::send_all_that_wait() {
  answered_ = written_ = 0;
  protocol_ = 2;
  if (settings_.protocol == 3) say_hello();
  stream_.output().append(waiting_.view());
  written_ = stream_.output().size();
  waiting_.release();
  const TimePoint deadline = service_.now() + settings_.reply_timeout;
  for (std::size_t i = 0; i < pending_.size(); ++i) pending_[i].deadline = deadline;
  if (written_ == 0) return;
  stream_.flush_soon();
  arm(deadline);
}

void RespClient::Core::say_hello() {
  constexpr std::string_view kHello[] = {"HELLO", "3"};
  write_request(stream_.output(), kHello);
  hello_bytes_ = stream_.output().size();
  owes_hello_ = true;
  hello_deadline_ = service_.now() + settings_.reply_timeout;
}

// --- replies -------------------------------------------------------------------------------------

std::size_t RespClient::Core::on_bytes(std::string_view bytes) {
  const Lookout gone = lookout();
  const std::uint64_t connection = stream_.counters().connections;
  std::size_t used = 0;
  for (std::size_t replies = 0; used + scanned_ < bytes.size(); ++replies) {
    if (replies == kMaxRepliesPerTurn) {
      stream_.show_again();
      break;
    }
    std::size_t consumed = 0;
    const ReplyStatus status = scanner_.scan(bytes.substr(used + scanned_), consumed);
    scanned_ += consumed;
    if (status == ReplyStatus::need_more) break;
    if (status == ReplyStatus::error) {
      stream_.close(fmt::format("the server broke the protocol: {}", scanner_.error()));
      return used;
    }
    const std::string_view reply = bytes.substr(used, std::exchange(scanned_, 0));
    used += reply.size();
    on_reply(reply);
    if (gone.expired() || !is_connected() || stream_.counters().connections != connection)
      return used;
  }
  return used;
}

void RespClient::Core::on_reply(std::string_view bytes) {
  if (scanner_.is_push()) return on_pushed(bytes);
  if (!is_owed()) return stream_.close("the server sent a reply that nobody has asked for");
  stream_.mark_good();
  if (std::exchange(owes_hello_, false)) {
    answered_ += hello_bytes_;
    protocol_ = scanner_.is_error() ? 2 : 3;
    return;
  }
  const PendingRequest request = pending_.pop();
  answered_ += request.bytes;
  if (late_ > 0) --late_;
  if (!request.callback) {
    ++counters_.thrown_away;
    return;
  }
  ++counters_.replies;
  if (scanner_.is_error()) ++counters_.errors;
  call(request.callback,
       {.status = RespResult::Status::replied, .bytes = bytes, .is_error = scanner_.is_error()});
}

/// Whether somebody waits for a reply, and the kernel has all of the request: what comes before
/// that cannot be the answer.
bool RespClient::Core::is_owed() {
  const std::uint64_t taken = written_ - stream_.unsent_bytes();
  if (owes_hello_) return hello_bytes_ <= taken;
  return !pending_.empty() && answered_ + pending_[0].bytes <= taken;
}

void RespClient::Core::on_pushed(std::string_view bytes) {
  if (settings_.protocol != 3) return stream_.close("the server sent a push, which RESP2 has not");
  ++counters_.pushes;
  // A copy, here and below: it may destroy the client, and itself with it.
  if (on_push_) guarded([callback = on_push_, bytes] { callback(bytes); });
}

// --- time ----------------------------------------------------------------------------------------

/// One timer for all: those that wait have their deadlines in the order of their places. It is not
/// moved when the oldest is answered: it finds the next one when it fires.
void RespClient::Core::arm(TimePoint when) {
  if (timer_ != nullptr && armed_for_ <= when) return;
  timer_ = service_.call_after(until(when, service_.now()), [this] { on_time(); });
  armed_for_ = when;
}

std::optional<TimePoint> RespClient::Core::next_time() {
  TimePoint next = TimePoint::max();
  if (owes_hello_) next = hello_deadline_;
  if (late_ > 0) next = std::min(next, pending_[0].deadline + settings_.reply_timeout);
  const std::size_t on_time = is_connected() ? late_ : ended();
  if (on_time < pending_.size()) next = std::min(next, pending_[on_time].deadline);
  if (next == TimePoint::max()) return std::nullopt;
  return next;
}

void RespClient::Core::on_time() {
  const Lookout gone = lookout();
  if (is_connected()) {
    expire_sent(gone);
  } else {
    expire_waiting(gone);
  }
  if (gone.expired()) return;
  armed_for_ = TimePoint::max();
  if (const std::optional<TimePoint> next = next_time()) return arm(*next);
  timer_.reset();
}

void RespClient::Core::expire_sent(const Lookout& gone) {
  const TimePoint now = service_.now();
  const auto is_too_late = [&] {
    return (owes_hello_ && hello_deadline_ <= now) ||
           (late_ > 0 && pending_[0].deadline + settings_.reply_timeout <= now);
  };
  if (is_too_late()) return stream_.close("replies are overdue");
  const std::string problem = fmt::format("no reply within {} ms", settings_.reply_timeout.count());
  for (std::size_t calls = 0; late_ < pending_.size() && pending_[late_].deadline <= now;) {
    if (calls == kMaxEndedPerTurn) return;
    PendingRequest& request = pending_[late_++];
    // From now, not from when it was due: a loop that was stopped has not listened meanwhile.
    request.deadline = now;
    const RespCallback callback = std::exchange(request.callback, nullptr);
    if (!callback) continue;
    ++calls;
    ++counters_.timed_out;
    call(callback, {.status = RespResult::Status::timed_out, .problem = problem});
    if (gone.expired()) return;
  }
}

void RespClient::Core::expire_waiting(const Lookout& gone) {
  if (ended() > 0) return end_some(kMaxEndedPerTurn);
  const TimePoint now = service_.now();
  const std::string problem =
      fmt::format("no connection within {} ms", settings_.connect_timeout.count());
  for (std::size_t calls = 0; calls < kMaxEndedPerTurn; ++calls) {
    if (pending_.empty() || ended() > 0 || pending_[0].deadline > now) return;
    PendingRequest request = pending_.pop();
    waiting_.consume(request.bytes);
    end(std::move(request.callback), RespResult::Status::unavailable, problem);
    if (gone.expired() || is_connected()) return;
  }
}

// --- ends ----------------------------------------------------------------------------------------

void RespClient::Core::on_closed(std::string_view why) {
  const Lookout gone = lookout();
  end_some(pending_.size());  // those of the connection before; usually none is left
  if (gone.expired()) return;
  taken_ = written_ > 0 ? written_ - stream_.unsent_bytes() : 0;
  written_ = 0;
  waiting_.clear();
  scanner_ = ReplyScanner(settings_.reply_limits);
  scanned_ = late_ = 0;
  owes_hello_ = false;
  ended_before_ = pending_.next_ticket();
  why_ended_ = why;
  tell_state(false, why_ended_);
  if (!gone.expired()) end_some(kMaxEndedPerTurn);
}

std::size_t RespClient::Core::ended() const {
  const std::uint64_t first = pending_.first_ticket();
  return ended_before_ > first ? static_cast<std::size_t>(ended_before_ - first) : 0;
}

void RespClient::Core::end_some(std::size_t most) {
  const Lookout gone = lookout();
  const std::string why = why_ended_;  // a callback may destroy the client
  for (; ended() > 0; --most) {
    if (most == 0) {
      end_timer_ = service_.call_after(milliseconds(0), [this] { end_some(kMaxEndedPerTurn); });
      return;
    }
    PendingRequest request = pending_.pop();
    const bool was_sent = answered_ < taken_;  // the kernel has some of it, at least
    answered_ += request.bytes;
    end(std::move(request.callback),
        was_sent ? RespResult::Status::lost : RespResult::Status::unavailable, why);
    if (gone.expired()) return;
  }
  end_timer_.reset();
  answered_ = taken_ = 0;
}

void RespClient::Core::end(RespCallback callback, RespResult::Status status,
                           std::string_view problem) {
  if (!callback) return;
  ++(status == RespResult::Status::lost ? counters_.lost : counters_.unavailable);
  call(callback, {.status = status, .problem = problem});
}

void RespClient::Core::tell_state(bool is_connected, std::string why) {
  if (on_state_)
    guarded([callback = on_state_, is_connected, &why] { callback(is_connected, why); });
}

void RespClient::Core::call(const RespCallback& callback, const RespResult& result) {
  guarded([&] { callback(result); });
}

/// The client may have gone when it returns.
template <class Callback>
void RespClient::Core::guarded(Callback&& callback) {
  Service& service = service_;
  try {
    callback();
  } catch (const std::exception& error) {
    service.log(HandlerLogLevel::warning, "outgoing",
                fmt::format("a callback has thrown: {}", error.what()));
  } catch (...) {
    service.log(HandlerLogLevel::warning, "outgoing", "a callback has thrown");
  }
}

}  // namespace reactord
