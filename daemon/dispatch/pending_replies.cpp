// SPDX-License-Identifier: MIT
#include "daemon/dispatch/pending_replies.h"

#include <exception>
#include <utility>

namespace reactord {

namespace {

/// Slices of long replies in one turn: each is worth some 100 microseconds.
constexpr unsigned kMaxSlicesPerTurn = 4;

/// Answers to one connection of which it is not known whether they arrived: a client that sends
/// requests ahead and never reads must not pile them up.
constexpr std::size_t kMaxReceipts = 64;

constexpr std::string_view kBrokenReply = "ERR internal error: the handler wrote no proper reply";

void write_error(Buffer& out, ReplyEncoding encoding, std::string_view error) {
  ReplyWriter(out, encoding).error(error);
}

/// Writes by `write` what should be `replies` whole replies (a push counts as none); takes it back
/// if it is not.
bool write_whole(Buffer& out, ReplyEncoding encoding, const WriteReply& write,
                 std::size_t replies) noexcept {
  const std::size_t before = out.size();
  try {
    ReplyWriter writer(out, encoding);
    write(writer);
    if (writer.replies() == replies && writer.balanced()) return true;
  } catch (...) {
    // Taken back below. There is no request at hand whose name the log could tell.
  }
  out.truncate(before);
  return false;
}

/// For callbacks of handlers where no request is at hand that the log could name.
void call_guarded(const std::function<void()>& callback) noexcept {
  if (!callback) return;
  try {
    callback();
  } catch (...) {
    // Nobody is left to tell.
  }
}

/// Whatever goes wrong, one proper reply is there afterwards.
void write_one_reply(Buffer& out, ReplyEncoding encoding, const WriteReply& write) noexcept {
  if (!write_whole(out, encoding, write, 1)) write_error(out, encoding, kBrokenReply);
}

}  // namespace

// --- calls -------------------------------------------------------------------------------------

std::uint64_t PendingReplies::defer(std::function<void()> on_gone,
                                    std::function<void()> on_finished) {
  const std::uint64_t number = ++last_promise_;
  is_promised_ = true;
  promises_.insert_or_assign(
      calling_,
      Promise{
          number, calling_encoding_, is_silent_, std::move(on_gone), std::move(on_finished), {}});
  return number;
}

void PendingReplies::produce(std::unique_ptr<ReplyProducer> producer) {
  is_promised_ = true;
  auto reply = std::make_unique<LongReply>(std::move(producer), calling_encoding_);
  promises_.insert_or_assign(
      calling_, Promise{++last_promise_, calling_encoding_, is_silent_, {}, {}, std::move(reply)});
  if (calling_priority_ == Priority::normal) return long_replies_.push_back(calling_);
  // Behind those of other administrators, of whom there are few.
  long_replies_.insert(long_replies_.begin() + static_cast<std::ptrdiff_t>(urgent_replies_++),
                       calling_);
}

PendingReplies::Outcome PendingReplies::outcome_of(SlotId called, Buffer& out) {
  if (is_kept_early_) {
    out.append(early_.view());
    early_.release();
    return Outcome::kept;
  }
  return promises_.contains(called) ? Outcome::open : Outcome::none;
}

void PendingReplies::append_pushed(Buffer& out) {
  out.append(pushed_.view());
  pushed_.release();
}

// --- promises ----------------------------------------------------------------------------------

bool PendingReplies::complete(SlotId id, std::uint64_t number, const WriteReply& write,
                              std::function<void()> on_uncertain) noexcept {
  const auto found = promises_.find(id);
  if (found == promises_.end() || found->second.number != number) return false;
  const auto node = promises_.extract(found);
  const Promise& promise = node.mapped();
  if (id == calling_) {
    write_one_reply(early_, promise.encoding, write);
    is_kept_early_ = true;
    return true;
  }
  Connection* connection = connections_.find(id);
  if (connection == nullptr) return false;
  if (on_uncertain) expect_receipt(*connection, std::move(on_uncertain));
  connection->complete([&](Buffer& out) {
    const std::size_t before = out.size();
    write_one_reply(out, promise.encoding, write);
    if (promise.is_silent) out.truncate(before);
  });
  return true;
}

void PendingReplies::abandon(SlotId id, std::uint64_t number) noexcept {
  complete(id, number, [](ReplyWriter& reply) { reply.error("ERR the handler gave no answer"); },
           {});
}

void PendingReplies::forget(SlotId id) noexcept {
  const auto node = promises_.extract(id);
  if (!node.empty()) call_guarded(node.mapped().on_gone);
}

void PendingReplies::on_peer_finished(SlotId id) noexcept {
  const auto found = promises_.find(id);
  if (found != promises_.end()) call_guarded(std::exchange(found->second.on_finished, {}));
}

void PendingReplies::expect_receipt(Connection& connection, std::function<void()> on_uncertain) {
  std::deque<std::function<void()>>& receipts = receipts_[connection.id()];
  receipts.push_back(std::move(on_uncertain));
  if (receipts.size() > kMaxReceipts) receipts.pop_front();
  connection.want_receipt();
}

void PendingReplies::on_receipt(SlotId id, bool arrived) noexcept {
  const auto node = receipts_.extract(id);
  if (node.empty() || arrived) return;
  for (const std::function<void()>& on_uncertain : node.mapped()) call_guarded(on_uncertain);
}

// --- long replies ------------------------------------------------------------------------------

/// One after the other: memory for one of them at a time, however many ask at once.
unsigned PendingReplies::run_slices() {
  unsigned slices = 0;
  for (; slices < kMaxSlicesPerTurn && !long_replies_.empty(); ++slices) {
    const SlotId id = long_replies_.front();
    const auto found = promises_.find(id);
    const bool is_wanted = found != promises_.end() && found->second.long_reply != nullptr;
    if (is_wanted && !run_slice(*found->second.long_reply)) continue;
    drop_first_long_reply();
    if (is_wanted) finish_long_reply(id);
  }
  return slices;
}

void PendingReplies::drop_first_long_reply() {
  long_replies_.pop_front();
  if (urgent_replies_ > 0) --urgent_replies_;
}

/// True when the reply is whole, or will never be.
bool PendingReplies::run_slice(LongReply& reply) noexcept {
  try {
    return reply.producer->produce(reply.writer) == ReplyProducer::Progress::done;
  } catch (...) {
    reply.bytes.clear();
    return true;
  }
}

void PendingReplies::finish_long_reply(SlotId id) noexcept {
  auto node = promises_.extract(id);
  const Promise& promise = node.mapped();
  LongReply& reply = *promise.long_reply;
  const bool is_proper =
      reply.writer.replies() == 1 && reply.writer.balanced() && !reply.bytes.empty();
  Connection* connection = connections_.find(id);
  if (connection == nullptr) return;
  connection->complete([&](Buffer& out) {
    if (promise.is_silent) return;
    // A copy of megabytes would take a turn of its own.
    if (is_proper && out.empty())
      std::swap(out, reply.bytes);
    else if (is_proper)
      out.append(reply.bytes.view());
    else
      write_error(out, promise.encoding, kBrokenReply);
  });
  reply.producer->after_reply();
}

// --- pushes ------------------------------------------------------------------------------------

PushResult PendingReplies::push(SlotId id, const WriteReply& write) noexcept {
  Connection* connection = connections_.find(id);
  if (connection == nullptr || connection->is_ending()) return PushResult::gone;
  const ReplyEncoding encoding = connection->push_encoding();
  if (id == calling_) {  // its reply is being written: the push goes behind it
    write_whole(pushed_, encoding, write, 0);
    return PushResult::queued;
  }
  const bool is_queued =
      connection->push([&](Buffer& out) { write_whole(out, encoding, write, 0); });
  return is_queued ? PushResult::queued : PushResult::dropped;
}

void PendingReplies::unsubscribe(SlotId id) noexcept {
  if (Connection* connection = connections_.find(id)) connection->unsubscribe();
}

}  // namespace reactord
