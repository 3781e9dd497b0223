// SPDX-License-Identifier: MIT
// What a handler may do while it is called: promise its reply for later, keep the promise at once,
// or have it made in slices. What becomes of a promise then is in pending_replies.cpp.
#include "daemon/dispatch/replies/pending_replies.h"

#include <utility>

namespace reactord {

PendingReplies::Owner PendingReplies::owner_of(Connection& connection, CommandEntry& entry) {
  return {&entry, connection.client_id(), connection.policy().loop_context.arrived};
}

PendingReplies::Promise PendingReplies::new_promise(Connection& connection,
                                                    CommandEntry& entry) const {
  const bool is_element = gathering_ == connection.id();
  return {.owner = owner_of(connection, entry),
          .encoding = is_element ? GatheredReply::element_encoding(connection)
                                 : connection.reply_encoding(),
          .is_silent = connection.session().reply_mode() != ReplyMode::on};
}

std::uint64_t PendingReplies::defer(Connection& connection, CommandEntry& entry,
                                    std::function<void()> on_gone,
                                    std::function<void()> on_finished, SavePromise save) {
  forget_call(connection.id());  // a call may promise once: the second promise replaces the first
  Promise promise = new_promise(connection, entry);
  promise.on_gone = std::move(on_gone);
  promise.on_finished = std::move(on_finished);
  promise.save = std::move(save);
  calling_promise_ = ++last_promise_;
  is_kept_early_ = is_dropped_ = false;
  promises_.emplace(Key{connection.id(), calling_promise_}, std::move(promise));
  return calling_promise_;
}

void PendingReplies::produce(Connection& connection, CommandEntry& entry,
                             std::unique_ptr<ReplyProducer> producer) {
  const Key key{connection.id(), defer(connection, entry, {}, {}, {})};
  Promise& promise = promises_.find(key)->second;
  promise.long_reply =
      std::make_unique<LongReply>(std::move(producer), promise.encoding, being_written_);
  if (priority_of(connection.policy()) == Priority::normal) return long_replies_.push_back(key);
  // Behind those of other administrators, of whom there are few.
  long_replies_.insert(long_replies_.begin() + static_cast<std::ptrdiff_t>(urgent_replies_), key);
  ++urgent_replies_;
}

PromiseState PendingReplies::state_of(SlotId called, Buffer& out) {
  if (is_dropped_) return PromiseState::dropped;
  if (is_kept_early_) {
    out.append(early_.view());
    early_.release();
    return PromiseState::kept;
  }
  return promises_.contains({called, calling_promise_}) ? PromiseState::open : PromiseState::none;
}

void PendingReplies::forget_call(SlotId connection) noexcept {
  if (calling_promise_ == 0) return;
  early_.release();
  give_up(promises_.extract(Key{connection, std::exchange(calling_promise_, 0)}));
}

void PendingReplies::give_up_call() noexcept {
  calling_ = gathering_ = 0;
  calling_promise_ = 0;  // goes with its connection
  is_kept_early_ = is_dropped_ = false;
  early_.release();
  pushed_.release();
}

void PendingReplies::append_pushed(Buffer& out) {
  out.append(pushed_.view());
  pushed_.release();
}

}  // namespace reactord
