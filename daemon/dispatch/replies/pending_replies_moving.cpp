// SPDX-License-Identifier: MIT
// A reply that is owed while its connection goes on in another process: its handler says what
// waits, and promises it anew there (Handler::resume_reply()).
#include "daemon/dispatch/replies/pending_replies.h"

namespace reactord {

/// Of several, or of an element of EXEC's reply, nobody could say the order; and what CLIENT REPLY
/// has silenced is silent here alone.
bool PendingReplies::can_be_saved(const Connection& connection) const noexcept {
  const auto first = first_of(connection.id());
  if (connection.owed_replies() != 1 || first == promises_.end()) return false;
  const Promise& promise = first->second;
  return first->first.connection == connection.id() && promise.save && !promise.is_kept &&
         !promise.hole && !promise.is_silent;
}

std::optional<PendingReplies::SavedPromise> PendingReplies::save(const Connection& connection) {
  if (!can_be_saved(connection)) return std::nullopt;
  const Promise& promise = first_of(connection.id())->second;
  SavedPromise saved{.entry = promise.owner.entry};
  (void)guard_.run(promise.owner.in("save()"), [&] { saved.state = promise.save(); });
  return saved;
}

bool PendingReplies::goes_on(SlotId id, std::uint64_t number) const noexcept {
  const Connection* const connection = connections_.find(id);
  return is_leaving_ && connection != nullptr && promises_.contains({id, number}) &&
         can_be_saved(*connection) && is_leaving_(*connection);
}

}  // namespace reactord
