// SPDX-License-Identifier: MIT
#include "daemon/handlers/relay/relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/handlers/relay/stateful_commands.h"
#include "protocol/escape.h"
#include "protocol/replies/rewrite_reply.h"

namespace reactord {

namespace {

/// Between two looks whether those that a reload has left out are done.
constexpr std::chrono::milliseconds kRetiredInterval{100};
/// What an unsuitable request is shown of.
constexpr std::size_t kMaxShownBytes = 64;
/// A longer request has its client wait for the reply, so that nobody's pipeline of long ones fills
/// what a backend may have waiting.
constexpr std::size_t kMaxOverlappedBytes = 16u << 10;

/// A copy of many bytes holds up the loop.
constexpr std::size_t kBytesPerMicrosecond = 4096;

std::size_t bytes_of(std::span<const std::string_view> words) {
  std::size_t bytes = 0;
  for (const std::string_view word : words) bytes += word.size();
  return bytes;
}

std::string shown(std::string_view name) {
  return escaped(name, kMaxShownBytes);
}

/// The backend's own words, or why there are none.
void write_result(const RespResult& result, const std::string& backend, ReplyWriter& reply) {
  switch (result.status) {
    case RespResult::Status::replied:
      return rewrite_reply(result.bytes, result.is_error, reply);
    case RespResult::Status::timed_out:
      return reply.error(fmt::format("RELAY backend {} gave no answer in time", backend));
    case RespResult::Status::lost:
      return reply.error(fmt::format(
          "RELAY backend {} was lost before it answered ({}); it may have done what was "
          "asked",
          backend, result.problem));
    case RespResult::Status::unavailable:
      return reply.error(
          fmt::format("RELAY backend {} cannot be reached: {}", backend, result.problem));
  }
}

}  // namespace

Relay::Relay(Service& service, const RelaySettings& settings) : service_(service) {
  use(std::make_shared<const RelaySettings>(settings));
}

// --- backends ----------------------------------------------------------------------------------

void Relay::use(std::shared_ptr<const RelaySettings> settings) {
  settings_ = std::move(settings);
  std::vector<std::unique_ptr<Backend>> next;
  for (const std::string& address : settings_->backends) next.push_back(take_backend(address));
  for (std::unique_ptr<Backend>& left_out : backends_) {
    if (!left_out) continue;
    left_out->retire();
    retired_.push_back(std::move(left_out));
  }
  backends_ = std::move(next);
  ring_ = settings_->choose == Choose::hash ? HashRing(settings_->backends) : HashRing();
}

/// The one that is there already, where nothing but the list of them has changed.
std::unique_ptr<Backend> Relay::take_backend(const std::string& address) {
  for (std::unique_ptr<Backend>& known : backends_)
    if (known && known->name() == address && known->is_as_in(*settings_)) return std::move(known);
  return std::make_unique<Backend>(service_, settings_, address);
}

void Relay::reload(const RelaySettings& settings) {
  use(std::make_shared<const RelaySettings>(settings));
  if (!retired_.empty() && !retired_timer_)
    retired_timer_ = service_.call_every(kRetiredInterval, [this] { drop_retired(); });
}

void Relay::drop_retired() {
  std::erase_if(retired_, [](const auto& backend) { return backend->pending() == 0; });
  if (retired_.empty()) retired_timer_.reset();
}

// --- which of them -----------------------------------------------------------------------------

/// Null where none may be asked.
Backend* Relay::choose(std::span<const std::string_view> words) {
  switch (settings_->choose) {
    case Choose::least_pending:
      return choose_least_pending();
    case Choose::round_robin:
      return choose_next();
    case Choose::hash:
      return choose_by_hash(words);
  }
  return nullptr;
}

/// Whoever has a key, and nobody else, though it cannot be asked now. A request without that
/// argument is no key's: the command's name decides.
Backend* Relay::choose_by_hash(std::span<const std::string_view> words) {
  const auto place = static_cast<std::size_t>(settings_->hash_argument);
  Backend& backend = *backends_[ring_.find(place < words.size() ? words[place] : words.front())];
  return backend.is_usable() ? &backend : nullptr;
}

/// Of several with as few, each in turn.
Backend* Relay::choose_least_pending() {
  Backend* least = nullptr;
  const std::size_t first = next_++;
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    Backend& each = *backends_[(first + i) % backends_.size()];
    if (each.is_usable() && (least == nullptr || each.pending() < least->pending())) least = &each;
  }
  return least;
}

Backend* Relay::choose_next() {
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    Backend& each = *backends_[next_++ % backends_.size()];
    if (each.is_usable()) return &each;
  }
  return nullptr;
}

// --- requests ----------------------------------------------------------------------------------

HandlerResult Relay::pass_on(const Request& request, ReplyWriter& reply, HandlerContext& context) {
  // Names that the table has were looked at when it was loaded.
  const bool has_any_name = request.command.name == CommandSpec::kAnyOther;
  if ((has_any_name && is_stateful_command(request.words.front())) ||
      is_blocking_request(request.words)) {
    reply.error(fmt::format("RELAY '{}' would change a connection that many clients share",
                            shown(request.words.front())));
    return HandlerResult::replied;
  }
  Backend* const backend = choose(request.words);
  if (backend == nullptr) {
    reply.error("RELAY no backend can be asked now; try again in a moment");
    return HandlerResult::replied;
  }
  const std::size_t bytes = bytes_of(request.words);
  context.charge(std::chrono::microseconds(bytes / kBytesPerMicrosecond));
  if (bytes > kMaxOverlappedBytes || backend->is_congested()) context.hold_next();

  const std::uint32_t slot = take_slot();
  waiting_[slot].backend = backend;
  waiting_[slot].reply = context.defer([this, slot] { on_gone(slot); });
  waiting_[slot].ticket =
      backend->send(request.words, reply.encoding() == ReplyEncoding::resp3,
                    [this, slot](const RespResult& result) { on_result(slot, result); });
  if (waiting_[slot].ticket.number == 0)
    release(slot).reply.complete([&](ReplyWriter& late) {
      late.error(fmt::format("RELAY backend {} has {} requests waiting; try again in a moment",
                             backend->name(), backend->pending()));
    });
  return HandlerResult::pending;
}

std::uint32_t Relay::take_slot() {
  if (free_ == kNone) {
    waiting_.emplace_back();
    return static_cast<std::uint32_t>(waiting_.size() - 1);
  }
  return std::exchange(free_, waiting_[free_].next_free);
}

Relay::Waiting Relay::release(std::uint32_t slot) {
  Waiting waiting = std::move(waiting_[slot]);
  waiting_[slot].next_free = std::exchange(free_, slot);
  return waiting;
}

void Relay::on_result(std::uint32_t slot, const RespResult& result) {
  Waiting waiting = release(slot);
  waiting.backend->note(result);
  waiting.reply.complete(
      [&](ReplyWriter& reply) { write_result(result, waiting.backend->name(), reply); });
}

void Relay::on_gone(std::uint32_t slot) {
  const Waiting waiting = release(slot);
  waiting.backend->cancel(waiting.ticket);
}

void Relay::append_info(std::string_view prefix, std::vector<InfoField>& fields) const {
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    const Backend::Figures now = backends_[i]->figures();
    const RespClient::Counters& all = now.counters;
    fields.push_back(
        {fmt::format("{}backend{}", prefix, i + 1),
         fmt::format("address={},connected={:d},circuit={},pending={},pending_bytes={},requests={},"
                     "replies={},errors={},timed_out={},lost={},unavailable={},refused={},"
                     "thrown_away={},connections={},failed_attempts={},circuit_openings={}",
                     backends_[i]->name(), now.is_connected,
                     now.is_circuit_closed ? "closed" : "open", now.pending, now.pending_bytes,
                     all.requests, all.replies, all.errors, all.timed_out, all.lost,
                     all.unavailable, all.refused, all.thrown_away, all.connections,
                     all.failed_attempts, now.circuit_openings)});
  }
}

}  // namespace reactord
