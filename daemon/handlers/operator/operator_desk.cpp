// SPDX-License-Identifier: MIT
#include "daemon/handlers/operator/operator_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace reactord {

namespace {

using std::chrono::milliseconds;

constexpr std::string_view kHandlerName = "operator";

/// Ends an operator's stay with its connection.
struct Seat final : ConnectionState {
  [[nodiscard]] std::optional<std::string> save() const override {
    return desk == nullptr ? std::string() : desk->saved_seat(client);
  }
  OperatorDesk* desk = nullptr;
  std::uint64_t client = 0;
  Seat() = default;
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  ~Seat() override {
    if (desk != nullptr) desk->leave(client);
  }
};

/// The beginning of every push: its elements with "operator" and what happened.
void begin_push(ReplyWriter& push, std::size_t elements, std::string_view event) {
  push.push(elements);
  push.bulk("operator");
  push.bulk(event);
}

void write_message(ReplyWriter& push, const WaitingMessage& message) {
  begin_push(push, 6, "message");
  push.integer(static_cast<std::int64_t>(message.id));
  push.bulk(message.peer);
  push.bulk(message.has_finished ? "finished" : "open");
  push.bulk(message.text);
}

}  // namespace

OperatorDesk::OperatorDesk(Service& service, WriteFallback write_fallback)
    : service_(service), write_fallback_(std::move(write_fallback)) {}

// --- messages ----------------------------------------------------------------------------------

bool OperatorDesk::is_open(std::size_t most) const {
  return !is_stopping_ && !operators_.empty() && waiting_.size() < most;
}

void OperatorDesk::add(std::string_view text, std::chrono::milliseconds timeout,
                       HandlerContext& context) {
  WaitingMessage& message = put(last_id_ + 1, text, context);
  message.arrived = context.now();
  if (timeout.count() > 0) time(message, timeout);
  push_to_all([&](ReplyWriter& push) { write_message(push, message); });
}

WaitingMessage& OperatorDesk::put(std::uint64_t id, std::string_view text,
                                  HandlerContext& context) {
  last_id_ = std::max(last_id_, id);
  WaitingMessage& message = waiting_[id];
  message.id = id;
  message.client = context.client_id();
  message.peer = context.peer();
  message.text = text;
  message.has_finished = context.has_finished_sending();
  message.reply = context.defer([this, id] { on_gone(id); }, [this, id] { on_finished(id); },
                                [this, id] { return saved_message(id); });
  return message;
}

void OperatorDesk::time(WaitingMessage& message, milliseconds left) {
  message.expires = service_.now() + left;
  message.timeout = service_.call_after(left, [this, id = message.id] { expire(id); });
}

std::string OperatorDesk::reply(std::uint64_t id, std::string_view text, const Answerer& by) {
  return settle(id, Fate::answered, by, [text](ReplyWriter& reply) { reply.bulk(text); });
}

std::string OperatorDesk::reject(std::uint64_t id, std::string_view reason, const Answerer& by) {
  return settle(id, Fate::rejected, by,
                [reason](ReplyWriter& reply) { reply.error(fmt::format("REJECTED {}", reason)); });
}

std::string OperatorDesk::settle(std::uint64_t id, Fate fate, const Answerer& by,
                                 const WriteReply& write) {
  if (find(id) == nullptr) return problem_of(id);
  WaitingMessage message = take(id, fate, by.name);
  const auto on_uncertain = [this, id, by] {
    service_.log(HandlerLogLevel::warning, kHandlerName,
                 fmt::format("message {} was answered by {}, but its client was lost: delivery is "
                             "uncertain",
                             id, by.name));
    announce("uncertain", id, {by.name, 0});
  };
  // Last: completing may end the client's connection and, with it, an operator's.
  for (Operator& one : operators_) one.answered += one.client == by.client ? 1 : 0;
  announce(fate == Fate::answered ? "answered" : "rejected", id, by);
  if (message.reply.complete(write, on_uncertain)) return {};
  outcomes_[id % kKeptOutcomes] = {id, Fate::gone, {}};
  return problem_of(id);
}

/// Off the desk.
WaitingMessage OperatorDesk::take(std::uint64_t id, Fate fate, const std::string& by) {
  outcomes_[id % kKeptOutcomes] = {id, fate, by};
  return std::move(waiting_.extract(id).mapped());
}

void OperatorDesk::expire(std::uint64_t id) {
  // Its timer goes with it, in whose callback this may be: a Timer allows that.
  WaitingMessage message = take(id, Fate::expired, {});
  announce("expired", id);
  message.reply.complete([&](ReplyWriter& reply) { write_fallback_(message, reply); });
}

void OperatorDesk::on_gone(std::uint64_t id) {
  if (find(id) == nullptr) return;
  WaitingMessage message = take(id, Fate::gone, {});
  announce("gone", id);
}

void OperatorDesk::on_finished(std::uint64_t id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end() || found->second.has_finished) return;
  found->second.has_finished = true;
  announce("finished", id);
}

void OperatorDesk::stop() {
  is_stopping_ = true;
  stop_behind(0);
}

void OperatorDesk::stop_behind(std::uint64_t id) {
  std::size_t looked_at = 0;
  std::size_t expired = 0;
  for (auto next = waiting_.upper_bound(id); next != waiting_.end();
       next = waiting_.upper_bound(id)) {
    if (expired == kExpiredAtOnce || looked_at == kLookedAtAtOnce) {
      stop_timer_ = service_.call_after({}, [this, id] { stop_behind(id); });
      return;
    }
    id = next->first;
    ++looked_at;
    if (next->second.reply.goes_on()) continue;
    ++expired;
    expire(id);
  }
  stop_timer_ = nullptr;
}

const WaitingMessage* OperatorDesk::find(std::uint64_t id) const {
  const auto found = waiting_.find(id);
  return found == waiting_.end() ? nullptr : &found->second;
}

std::string OperatorDesk::problem_of(std::uint64_t id) const {
  const Outcome& outcome = outcomes_[id % kKeptOutcomes];
  switch (outcome.id == id ? outcome.fate : Fate::unknown) {
    case Fate::unknown:
      break;
    case Fate::answered:
      return fmt::format("ERR message {} was answered by {}", id, outcome.by);
    case Fate::rejected:
      return fmt::format("ERR message {} was rejected by {}", id, outcome.by);
    case Fate::expired:
      return fmt::format("ERR message {} has expired: its client got the fallback", id);
    case Fate::gone:
      return fmt::format("ERR the client of message {} has gone", id);
  }
  return fmt::format("ERR there is no message {}", id);
}

// --- operators ---------------------------------------------------------------------------------

std::string OperatorDesk::join(std::string_view name, HandlerContext& context) {
  const std::uint64_t client = context.client_id();
  for (const Operator& one : operators_) {
    if (one.client == client) return fmt::format("ERR you have joined as {} already", one.name);
    if (one.name == name)
      return fmt::format("ERR an operator called {} is attached: join under another name", name);
  }
  if (operators_.size() >= kMaxOperators)
    return fmt::format("ERR {} operators are attached, which is the most there may be",
                       kMaxOperators);
  announce_operator("joined", name);
  Operator one;
  one.name = name;
  one.client = client;
  one.pushes = context.subscribe();
  take_seat(std::move(one), context);
  return {};
}

void OperatorDesk::take_seat(Operator one, HandlerContext& context) {
  Seat& seat = context.state<Seat>();
  seat.client = one.client;
  operators_.push_back(std::move(one));
  seat.desk = this;
}

bool OperatorDesk::leave(std::uint64_t client) noexcept {
  const auto found = std::find_if(operators_.begin(), operators_.end(),
                                  [client](const Operator& one) { return one.client == client; });
  if (found == operators_.end()) return false;
  const std::string name = std::move(found->name);
  operators_.erase(found);
  announce_operator("left", name);
  return true;
}

Answerer OperatorDesk::answerer(HandlerContext& context) const {
  const std::uint64_t client = context.client_id();
  for (const Operator& one : operators_)
    if (one.client == client) return {one.name, client};
  const std::string_view name = context.session().name();
  return {name.empty() ? fmt::format("client {}", client) : std::string(name), client};
}

void OperatorDesk::announce_mode(std::string_view mode) {
  push_to_all([&](ReplyWriter& push) {
    begin_push(push, 3, "mode");
    push.bulk(mode);
  });
}

// --- pushes ------------------------------------------------------------------------------------

/// What an operator missed is told before anything else, so that it knows that it must look again.
void OperatorDesk::push(Operator& one, const WriteReply& write) {
  if (tell_dropped(one) && one.pushes.push(write) != PushResult::dropped) return;
  ++one.dropped;
  ++one.untold;
  if (dropped_timer_ == nullptr) tell_dropped_later();
}

bool OperatorDesk::tell_dropped(Operator& one) {
  const auto write = [&one](ReplyWriter& push) {
    begin_push(push, 3, "dropped");
    push.integer(static_cast<std::int64_t>(one.untold));
  };
  if (one.untold > 0 && one.pushes.push(write) == PushResult::dropped) return false;
  one.untold = 0;
  return true;
}

/// There may be no next push, and an operator that has caught up would never know.
void OperatorDesk::tell_dropped_later() {
  dropped_timer_ = service_.call_after(kTellDroppedAfter, [this] { tell_all_dropped(); });
}

void OperatorDesk::tell_all_dropped() {
  bool is_all_told = true;
  for (Operator& one : operators_) is_all_told = tell_dropped(one) && is_all_told;
  dropped_timer_.reset();
  if (!is_all_told) tell_dropped_later();
}

void OperatorDesk::push_to_all(const WriteReply& write, std::uint64_t except_client) {
  for (Operator& one : operators_)
    if (one.client != except_client) push(one, write);
}

void OperatorDesk::announce(std::string_view event, std::uint64_t id, const Answerer& by) {
  push_to_all(
      [&](ReplyWriter& push) {
        begin_push(push, by.name.empty() ? 3 : 4, event);
        push.integer(static_cast<std::int64_t>(id));
        if (!by.name.empty()) push.bulk(by.name);
      },
      by.client);
}

void OperatorDesk::announce_operator(std::string_view event, std::string_view name) {
  push_to_all([&](ReplyWriter& push) {
    begin_push(push, 3, event);
    push.bulk(name);
  });
}

}  // namespace reactord
