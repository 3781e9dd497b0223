// SPDX-License-Identifier: MIT
#include "daemon/dispatch/replies/pending_replies.h"

#include <utility>

namespace reactord {

namespace {

/// Slices of long replies in one turn: each is worth some 100 microseconds.
constexpr unsigned kMaxSlicesPerTurn = 4;

/// Answers to one connection of which it is not known whether they arrived: a client that sends
/// requests ahead and never reads must not pile them up.
constexpr std::size_t kMaxReceipts = 64;

/// Replies that are owed to one connection: more than any client library sends ahead, and few
/// enough that who leaves gives them all up within a turn.
constexpr std::size_t kMaxOwedReplies = 1024;

}  // namespace

// --- promises ----------------------------------------------------------------------------------

/// Runs `body`, which is for that connection alone: where there is no memory for it, the connection
/// ends.
template <class Body>
bool PendingReplies::survives(SlotId id, Body&& body) noexcept {
  if (has_memory_for(body)) return true;
  if (Connection* connection = connections_.find(id))
    connection->abort(CloseReason::closed_out_of_memory);
  return false;
}

bool PendingReplies::complete(SlotId id, std::uint64_t number, const WriteReply& write,
                              std::function<void()> on_uncertain) noexcept {
  auto node = promises_.extract(Key{id, number});
  if (node.empty()) return false;
  const Promise& promise = node.mapped();
  if (is_of_call(node.key())) {
    is_kept_early_ = survives(id, [&] { write_one_reply(early_, promise, write); });
    return is_kept_early_;
  }
  Connection* connection = connections_.find(id);
  if (connection == nullptr) return false;
  if (promise.hole) {
    const bool is_filled = survives(id, [&] {
      Gathering& gathering = gathered_.at(id);
      write_one_reply(gathering.reply.hole(*promise.hole), promise, write);
      log_answer(promise, gathering.reply.hole(*promise.hole).size());
      if (on_uncertain) gathering.receipts.push_back({promise.owner, std::move(on_uncertain)});
    });
    note_error(*connection);
    if (!is_filled) return false;
    note_slow(id, promise);
    note_answered(*connection, promise);
    finish_hole(id);
    return true;
  }
  note_slow(id, promise);
  return hand_over(
      *connection, std::move(node),
      [&](const Promise& kept, Buffer& out) { write_one_reply(out, kept, write); },
      std::move(on_uncertain));
}

/// Nothing that was promised before it is still owed, or being written.
bool PendingReplies::is_next(const Key& key) {
  if (handed_over_to_ == key.connection) return false;
  const auto first = first_of(key.connection);
  return first == promises_.end() || key < first->first ||
         first->first.connection != key.connection;
}

/// Gives the connection a reply, which `fill` writes, and those behind it that have waited for it.
/// Where it has to wait itself, it is kept.
template <class Fill>
bool PendingReplies::hand_over(Connection& connection, Promises::node_type node, Fill&& fill,
                               std::function<void()> on_uncertain) noexcept {
  const SlotId id = connection.id();
  if (!is_next(node.key())) {
    return survives(id, [&] {
      fill(node.mapped(), node.mapped().reply);
      log_answer(node.mapped(), node.mapped().reply.size());
      note_error(connection);
      node.mapped().owner.came = guard_.now();
      keep(connection, std::move(node), std::move(on_uncertain));
    });
  }
  const Promise& promise = node.mapped();
  if (on_uncertain && !survives(id, [&] {
        expect_receipt(connection, {promise.owner, std::move(on_uncertain)});
      }))
    return false;
  bool has_failed = false;
  connection.complete([&](Buffer& out) {
    has_failed = true;
    handed_over_to_ = id;
    const std::size_t before = out.size();
    fill(promise, out);
    log_answer(promise, out.size() - before);
    if (promise.is_silent) out.truncate(before);
    handed_over_to_ = 0;
    note_error(connection);
    note_answered(connection, promise);
    const std::size_t replies = 1 + append_kept(connection, out);
    has_failed = false;
    return replies;
  });
  handed_over_to_ = 0;
  return !has_failed;
}

void PendingReplies::keep(Connection& connection, Promises::node_type node,
                          std::function<void()> on_uncertain) {
  Promise& promise = node.mapped();
  promise.is_kept = true;
  promise.on_gone = promise.on_finished = nullptr;
  promise.on_uncertain = std::move(on_uncertain);
  Session& session = connection.session();
  session.set_held_bytes(session.held_bytes() + promise.reply.capacity());
  promises_.insert(std::move(node));
  connection.account_memory();
}

/// The replies that are next and there already; how many.
std::size_t PendingReplies::append_kept(Connection& connection, Buffer& out) {
  Session& session = connection.session();
  std::size_t replies = 0;
  auto next = first_of(connection.id());
  while (next != promises_.end() && next->first.connection == connection.id() &&
         next->second.is_kept) {
    Promise& promise = next->second;
    if (promise.on_uncertain)
      expect_receipt(connection, {promise.owner, std::move(promise.on_uncertain)});
    out.append(promise.reply.view());
    session.set_held_bytes(session.held_bytes() - promise.reply.capacity());
    note_answered(connection, promise);
    next = promises_.erase(next);
    ++replies;
  }
  return replies;
}

bool PendingReplies::has_room(const Connection& connection) {
  return connection.owed_replies() < kMaxOwedReplies &&
         connection.session().held_bytes() < connection.policy().loop_context.output_high_water;
}

bool PendingReplies::reply_behind(Connection& connection, const Buffer& reply, Buffer& out,
                                  CommandEntry* entry) {
  if (!connection.is_pending()) {  // the call has kept the last promise before its own
    out.append(reply.view());
    return false;
  }
  const Key key{connection.id(), ++last_promise_};
  Promise promise;
  if (entry != nullptr) promise.owner = owner_of(connection, *entry);
  promise.reply.append(reply.view());
  promises_.emplace(key, std::move(promise));
  keep(connection, promises_.extract(key), {});
  return true;
}

void PendingReplies::abandon(SlotId id, std::uint64_t number) noexcept {
  const auto found = promises_.find({id, number});
  if (found == promises_.end()) return;
  if (is_of_call(found->first))
    is_dropped_ = true;  // the dispatcher tells, once it knows all that the call did
  else
    (void)has_memory_for([&] {
      guard_.report_breach(found->second.owner.in("the end of a DeferredReply"),
                           {"destroyed a promise unkept", "keep it and call complete()"});
    });
  complete(id, number, [](ReplyWriter& reply) { reply.error("ERR the handler gave no answer"); },
           {});
}

void PendingReplies::forget(SlotId id) noexcept {
  while (true) {  // a callback may do anything but promise to this connection
    const auto first = first_of(id);
    if (first == promises_.end() || first->first.connection != id) break;
    note_slow(id, first->second);
    if (!first->second.is_kept) log_answer(first->second, 0);
    give_up(promises_.extract(first));
  }
  gathered_.erase(id);
}

void PendingReplies::give_up(Promises::node_type promise) noexcept {
  if (!promise.empty()) call_back(promise.mapped().owner, "on_gone()", promise.mapped().on_gone);
}

void PendingReplies::on_peer_finished(SlotId id) noexcept {
  auto at = first_of(id);
  while (at != promises_.end() && at->first.connection == id) {
    const Key key = at->first;  // a callback may keep any of them
    const Owner owner = at->second.owner;
    const std::function<void()> on_finished = std::exchange(at->second.on_finished, {});
    call_back(owner, "on_finished()", on_finished);
    at = promises_.upper_bound(key);
  }
}

void PendingReplies::call_back(const Owner& owner, std::string_view name,
                               const std::function<void()>& callback) noexcept {
  if (callback) guard_.run(owner.in(name), callback);
}

void PendingReplies::expect_receipt(Connection& connection, Receipt receipt) {
  std::deque<Receipt>& receipts = receipts_[connection.id()];
  receipts.push_back(std::move(receipt));
  if (receipts.size() > kMaxReceipts) receipts.pop_front();
  connection.want_receipt();
}

void PendingReplies::on_receipt(SlotId id, bool arrived) noexcept {
  const auto node = receipts_.extract(id);
  if (node.empty() || arrived) return;
  for (const Receipt& receipt : node.mapped())
    call_back(receipt.owner, "on_uncertain()", receipt.on_uncertain);
}

// --- long replies ------------------------------------------------------------------------------

/// One after the other: memory for one of them at a time, however many ask at once.
unsigned PendingReplies::run_slices() {
  unsigned slices = 0;
  for (; slices < kMaxSlicesPerTurn && !long_replies_.empty(); ++slices) {
    const Key key = long_replies_.front();
    const auto found = promises_.find(key);
    const bool is_wanted = found != promises_.end();
    if (is_wanted && !run_slice(key.connection, found->second.owner, *found->second.long_reply))
      continue;
    drop_first_long_reply();
    if (is_wanted) finish_long_reply(key);
  }
  return slices;
}

void PendingReplies::drop_first_long_reply() {
  long_replies_.pop_front();
  if (urgent_replies_ > 0) --urgent_replies_;
}

/// True when the reply is whole, or will never be.
bool PendingReplies::run_slice(SlotId id, Owner& owner, LongReply& reply) noexcept {
  auto progress = ReplyProducer::Progress::done;
  reply.has_thrown =
      !guard_.run(owner.in("produce()"), [&] { progress = reply.producer->produce(reply.writer); });
  owner.worked += guard_.latest_time();
  owner.entry->stats.time += guard_.latest_time();
  if (Connection* connection = connections_.find(id))
    connection->figures().add_work(guard_.latest_time());
  return reply.has_thrown || progress == ReplyProducer::Progress::done;
}

void PendingReplies::finish_long_reply(const Key& key) noexcept {
  auto node = promises_.extract(key);
  Promise& promise = node.mapped();
  Connection* connection = connections_.find(key.connection);
  if (connection == nullptr) return;
  if (promise.hole) {
    const bool is_filled = survives(key.connection, [&] {
      Gathering& gathering = gathered_.at(key.connection);
      append_long_reply(gathering.reply.hole(*promise.hole), promise, *promise.long_reply);
      gathering.producers.emplace_back(promise.owner, std::move(promise.long_reply->producer));
    });
    note_error(*connection);
    if (is_filled) note_answered(*connection, promise);
    return is_filled ? finish_hole(key.connection) : void();
  }
  const Owner owner = promise.owner;
  const std::unique_ptr<LongReply> reply = std::move(promise.long_reply);
  (void)hand_over(*connection, std::move(node),
                  [&](const Promise& kept, Buffer& out) { append_long_reply(out, kept, *reply); });
  tell_producer(owner, *reply->producer);
}

void PendingReplies::tell_producer(const Owner& owner, ReplyProducer& producer) noexcept {
  guard_.run(owner.in("after_reply()"), [&] { producer.after_reply(); });
}

// --- EXEC --------------------------------------------------------------------------------------

GatheredReply& PendingReplies::begin_gathering(Connection& connection, CommandEntry& exec,
                                               GatheredReply reply, TimePoint called) {
  gathering_ = connection.id();
  Gathering gathering{owner_of(connection, exec), std::move(reply)};
  gathering.owner.called = called;
  return gathered_.insert_or_assign(gathering_, std::move(gathering)).first->second.reply;
}

void PendingReplies::leave_hole(Connection& connection) {
  const std::size_t hole = gathered_.at(connection.id()).reply.leave_hole();
  promises_.at({connection.id(), calling_promise_}).hole = hole;
}

std::optional<GatheredReply> PendingReplies::end_gathering(Connection& connection) {
  gathering_ = 0;
  const auto found = gathered_.find(connection.id());
  if (!found->second.reply.is_whole()) return std::nullopt;
  Gathering gathering = std::move(found->second);
  gathered_.erase(found);
  for (Receipt& receipt : gathering.receipts) expect_receipt(connection, std::move(receipt));
  return std::move(gathering.reply);
}

void PendingReplies::finish_hole(SlotId id) noexcept {
  const auto found = gathered_.find(id);
  const bool is_whole = found->second.reply.fill();
  if (!is_whole || id == gathering_) return;
  Gathering gathering = std::move(found->second);
  gathered_.erase(found);
  if (Connection* connection = connections_.find(id)) deliver(*connection, std::move(gathering));
}

void PendingReplies::deliver(Connection& connection, Gathering gathering) noexcept {
  const bool is_expected = survives(connection.id(), [&] {
    for (Receipt& receipt : gathering.receipts) expect_receipt(connection, std::move(receipt));
  });
  if (!is_expected) return;
  connection.complete([&](Buffer& out) {
    if (!gathering.reply.is_silent()) gathering.reply.write(out);
    note_answered(connection, gathering.owner);
    return std::size_t{1};
  });
  for (const auto& [owner, producer] : gathering.producers) tell_producer(owner, *producer);
  if (gathering.reply.must_close) connection.end(CloseReason::closed_by_handler);
}

// --- pushes ------------------------------------------------------------------------------------

PushResult PendingReplies::push(SlotId id, const CommandEntry* subscribed_by,
                                const WriteReply& write) noexcept {
  Connection* connection = connections_.find(id);
  if (connection == nullptr || connection->is_ending()) return PushResult::gone;
  const ReplyEncoding encoding = connection->push_encoding();
  const HandlerCall call{subscribed_by->handler_name, subscribed_by->full_name,
                         "the writer of push()", connection->client_id()};
  if (id == calling_) {  // its reply is being written: the push goes behind it
    const bool is_queued = survives(id, [&] { write_push(pushed_, encoding, call, write); });
    return is_queued ? PushResult::queued : PushResult::gone;
  }
  const bool is_queued =
      connection->push([&](Buffer& out) { write_push(out, encoding, call, write); });
  return is_queued ? PushResult::queued : PushResult::dropped;
}

void PendingReplies::unsubscribe(SlotId id) noexcept {
  if (Connection* connection = connections_.find(id)) connection->unsubscribe();
}

}  // namespace reactord
