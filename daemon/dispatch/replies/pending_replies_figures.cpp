// SPDX-License-Identifier: MIT
// How long replies that come later took, and whose time that was: the loop's, somebody's behind it,
// or none, since they waited. What is slow goes to the slow log with its own time and that of who
// is behind it, but not with what it has waited.
#include <algorithm>

#include "daemon/dispatch/replies/pending_replies.h"
#include "daemon/records/shown_words.h"

namespace reactord {

void PendingReplies::note_deferred(Connection& connection, TimePoint called,
                                   std::span<const std::string_view> words) {
  Promise& promise = promises_.at({connection.id(), calling_promise_});
  if (promise.long_reply) return;  // it is written here
  promise.owner.called = called;
  promise.traceparent = connection.session().traceparent();
  const CommandEntry& entry = *promise.owner.entry;
  if (!slow_log_.keeps_deferred()) return;
  promise.words.keep(words, first_secret(words, entry.words, entry.spec->secrets));
}

/// Of what was called, and of nothing else: until its reply had come.
Duration PendingReplies::behind(const Owner& owner, TimePoint now) const {
  if (owner.called == TimePoint{}) return Duration::zero();
  return (owner.came == TimePoint{} ? now : owner.came) - owner.called;
}

/// The reply to it is its connection's now.
void PendingReplies::note_answered(Connection& connection, const Owner& owner) noexcept {
  if (owner.entry == nullptr) return;
  const TimePoint now = guard_.now();
  const Duration behind_it = behind(owner, now);
  CommandStats& stats = owner.entry->stats;
  stats.note_latency(owner.arrived, now);
  stats.behind += behind_it;
  stats.waited += std::max(now - owner.arrived - behind_it - owner.worked, Duration::zero());
  connection.note_answers(now - owner.arrived, 1);
}

void PendingReplies::note_answered(Connection& connection, const Promise& promise) noexcept {
  note_answered(connection, promise.owner);
  const Owner& owner = promise.owner;
  if (!promise.traceparent.empty())
    owner.entry->stats.note_traced(promise.traceparent, guard_.now() - owner.arrived);
}

/// Its reply has come, or will never: its client has gone.
void PendingReplies::note_slow(SlotId id, const Promise& promise) noexcept {
  if (promise.words.empty() || promise.is_kept) return;
  const Duration took = behind(promise.owner, guard_.now());
  Connection* connection = connections_.find(id);
  if (!slow_log_.is_slow_deferred(took) || connection == nullptr) return;
  (void)has_memory_for([&] { slow_log_.add(describe_slow(*connection, promise, took)); });
}

void PendingReplies::log_when_answered(SlotId connection, RequestRecord record) {
  const auto found = promises_.find({connection, calling_promise_});
  if (found != promises_.end())
    found->second.record = std::make_unique<RequestRecord>(std::move(record));
}

/// `bytes` of its reply were written; none where its client has gone.
void PendingReplies::log_answer(const Promise& promise, std::size_t bytes) noexcept {
  if (promise.record)
    log_request(guard_.events(), *promise.record, bytes, guard_.now(),
                bytes == 0 ? "GONE" : errors_.code_of(error_));
}

SlowRequest PendingReplies::describe_slow(Connection& connection, const Promise& promise,
                                          Duration took) const {
  using namespace std::chrono;
  return {.time = duration_cast<seconds>(system_clock::now().time_since_epoch()).count(),
          .took = duration_cast<microseconds>(took),
          .is_deferred = true,
          .words = promise.words.shown(),
          .peer = connection.stream().peer(),
          .client_name = std::string(connection.session().name()),
          .traceparent = promise.traceparent};
}

}  // namespace reactord
