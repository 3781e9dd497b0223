// SPDX-License-Identifier: MIT
#include "pg_pool.h"

#include <algorithm>
#include <exception>
#include <random>
#include <utility>

#include "host_lookup.h"
#include "reactord/escape.h"
#include "reactord/offload.h"

namespace users {

using reactord::DeferredReply;
using reactord::HandlerLogLevel;
using reactord::ReplyWriter;
using State = PgConnection::State;

namespace {

constexpr std::size_t kMaxShown = 200;  // of what the database says

constexpr const char* kLate = "TIMEOUT the database has not answered in time";
constexpr const char* kCannotBeReached = "UNAVAILABLE the database cannot be reached";

void answer(DeferredReply& reply, const QueryResult& result) {
  reply.complete([&](ReplyWriter& writer) {
    switch (result.kind) {
      case QueryResult::Kind::row:
        return writer.bulk(result.text);
      case QueryResult::Kind::no_row:
        return writer.nil();
      case QueryResult::Kind::failed:
        return writer.error("ERR the database says: " + reactord::escaped(result.text, kMaxShown));
      case QueryResult::Kind::late:
        return writer.error(kLate);
      case QueryResult::Kind::lost:
        return writer.error("UNAVAILABLE the database was lost while it was asked");
    }
  });
}

void refuse(DeferredReply& reply, std::string_view error) {
  reply.complete([&](ReplyWriter& writer) { writer.error(error); });
}

}  // namespace

PgPool::PgPool(reactord::Service& service, PgSettings settings, Limits limits)
    : service_(service),
      settings_(std::move(settings)),
      limits_(limits),
      host_(host_to_look_up(settings_.conninfo)),
      backoff_(std::random_device()()) {
  for (std::size_t i = 0; i < limits_.connections; ++i)
    slots_.push_back(
        {std::make_unique<PgConnection>(service, static_cast<PgConnection::Owner&>(*this)), 0, {}});
}

std::string PgPool::refusal() const {
  if (is_unavailable()) return kCannotBeReached;
  if (requests() >= limits_.requests) return "BUSY too many wait for the database";
  return {};
}

void PgPool::ask(std::string parameter, DeferredReply reply) {
  const RequestId id = ++last_id_;
  auto deadline = service_.call_after(settings_.query_timeout, [this, id] {
    if (std::optional<Request> late = take(id)) refuse(late->reply, kLate);
  });
  waiting_.emplace(id, Request{std::move(parameter), std::move(reply), std::move(deadline)});
  dispatch();
}

/// Wherever it is. A connection that is asked already goes on, and its answer is nobody's.
std::optional<PgPool::Request> PgPool::take(RequestId id) {
  if (auto waiting = waiting_.extract(id)) return std::move(waiting.mapped());
  for (Slot& slot : slots_)
    if (slot.id == id) return std::exchange(slot.request, {});
  return std::nullopt;
}

void PgPool::dispatch() {
  for (Slot& slot : slots_) {
    if (waiting_.empty()) return;
    if (slot.connection->state() != State::idle) continue;
    auto next = waiting_.extract(waiting_.begin());
    slot.id = next.key();
    slot.request = std::move(next.mapped());
    slot.connection->query(std::string(slot.request->parameter));
  }
}

// --- what connections tell

void PgPool::on_ready(PgConnection&) {
  if (backoff_.failures() > 0)
    service_.log(HandlerLogLevel::info, "users", "the database is there");
  backoff_.reset();
  connect_next();
  dispatch();
}

void PgPool::on_result(PgConnection& connection, QueryResult result) {
  Slot& slot = slot_of(connection);
  slot.id = 0;
  if (std::optional<Request> request = std::exchange(slot.request, {}))
    answer(request->reply, result);
}

void PgPool::on_closed(PgConnection&, const std::string& problem) {
  connect_in_a_while(problem);
}

// --- connecting

void PgPool::connect_next() {
  const auto is = [](State state) {
    return [state](const Slot& slot) { return slot.connection->state() == state; };
  };
  if (retry_ != nullptr || lookup_ != nullptr ||
      std::ranges::any_of(slots_, is(State::connecting)) ||
      std::ranges::any_of(slots_, is(State::preparing)))
    return;
  const auto slot = std::ranges::find_if(slots_, is(State::closed));
  if (slot == slots_.end()) return;
  if (!host_) return slot->connection->open(settings_);
  lookup_ = reactord::offload(
      service_, [host = *host_] { return look_up(host); },
      [this, &connection = *slot->connection](reactord::WorkResult<std::string>& address) {
        lookup_.reset();
        try {
          settings_.address = address.value();
        } catch (const std::exception& error) {
          return connect_in_a_while(error.what());
        }
        connection.open(settings_);
      });
  if (lookup_ == nullptr) connect_in_a_while("the workers are busy: the name was not looked up");
}

/// One attempt for all: where several are lost at once, the first is what the others wait for.
void PgPool::connect_in_a_while(const std::string& problem) {
  if (retry_ != nullptr) return;
  if (backoff_.failures() == 0) service_.log(HandlerLogLevel::warning, "users", problem);
  retry_ = service_.call_after(backoff_.next(), [this] {
    retry_.reset();
    connect_next();
  });
  if (!is_unavailable()) return;
  for (auto& [id, request] : std::exchange(waiting_, {})) refuse(request.reply, kCannotBeReached);
}

// --- looking

PgPool::Slot& PgPool::slot_of(const PgConnection& connection) {
  return *std::ranges::find_if(
      slots_, [&](const Slot& slot) { return slot.connection.get() == &connection; });
}

std::size_t PgPool::requests() const {
  return waiting_.size() + static_cast<std::size_t>(std::ranges::count_if(
                               slots_, [](const Slot& slot) { return slot.request.has_value(); }));
}

bool PgPool::is_unavailable() const {
  return backoff_.failures() >= kUnavailable && status().open == 0;
}

PgPool::Status PgPool::status() const {
  Status status{.waiting = waiting_.size(), .failures = backoff_.failures()};
  for (const Slot& slot : slots_) {
    const State state = slot.connection->state();
    if (state == State::idle || state == State::busy) ++status.open;
    if (state == State::busy) ++status.busy;
  }
  return status;
}

}  // namespace users
