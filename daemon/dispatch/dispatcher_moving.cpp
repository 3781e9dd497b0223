// SPDX-License-Identifier: MIT
// What the dispatcher and handlers know of a connection, and what goes along when it goes on in
// another process: its transaction, which is queued there again, the handlers' states, and a reply
// that somebody else is to give.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/connection/snapshot/saved_connection.h"
#include "daemon/dispatch/dispatcher.h"
#include "protocol/request_writer.h"

namespace reactord {

/// Handlers are asked for what they have, since only they know.
std::optional<CallContext::HandlerStates> Dispatcher::save_states(const Connection& connection) {
  std::optional<HandlerStates> states;
  const HandlerCall call{"", "", "save()", connection.client_id()};
  const bool is_good = guard_.run(call, [&] { states = context_.save_states(connection.id()); });
  return is_good ? states : std::nullopt;
}

/// Whoever subscribes a connection, and saves nothing, could not push to it any more.
bool Dispatcher::can_move(const Connection& connection) noexcept {
  if (!context_.has_states(connection.id())) return !connection.is_subscribed();
  bool can = false;
  (void)has_memory_for([&] {
    const std::optional<HandlerStates> states = save_states(connection);
    can = states && states->size() >= connection.subscriptions();
  });
  return can;
}

void Dispatcher::save(const Connection& connection, SavedConnection& saved) {
  for (auto& [handler, bytes] : save_states(connection).value_or(HandlerStates{})) {
    const auto entry = std::ranges::find(commands_.by_number(), handler, &CommandEntry::handler);
    saved.handler_states.push_back({std::string((*entry)->handler_name), std::move(bytes)});
  }
  if (auto owed = pending_.save(connection)) {
    saved.owed_command = owed->entry->full_name;
    saved.is_owed_lost = !owed->state;
    saved.owed_state = std::move(owed->state).value_or("");
  }
  saved.in_transaction = connection.session().in_transaction();
  Transactions::Transaction* const transaction = transactions_.find(connection);
  if (transaction == nullptr) return;
  saved.is_spoilt = transaction->is_spoilt;
  Buffer requests;
  for (std::size_t i = 0; i < transaction->requests.size(); ++i)
    write_request(requests, transaction->requests.words(i));
  saved.queued = requests.view();
}

std::string Dispatcher::restore(Connection& connection, const SavedConnection& saved) {
  connection.session().set_in_transaction(saved.in_transaction);
  if (saved.in_transaction && saved.is_spoilt) transactions_.spoil(connection);
  if (saved.in_transaction) queue_again(connection, saved.queued);
  for (const SavedConnection::HandlerState& state : saved.handler_states)
    if (std::string problem = restore_state(connection, state.handler, state.bytes);
        !problem.empty())
      return problem;
  return saved.owed_command.empty() ? "" : promise_again(connection, saved);
}

std::string Dispatcher::restore_state(Connection& connection, const std::string& handler,
                                      std::string_view state) {
  CommandEntry* const entry = commands_.first_of(handler);
  if (entry == nullptr) return fmt::format("there is no handler {} any more", handler);
  bool is_restored = false;
  context_.begin(connection, *entry);
  const HandlerCall call{entry->handler_name, entry->full_name, "restore()",
                         connection.client_id()};
  const bool is_good =
      guard_.run(call, [&] { is_restored = entry->handler->restore(state, context_); });
  if (is_good && is_restored) return {};
  return fmt::format("the handler {} does not understand what it has left", handler);
}

/// Whoever is owed a reply that nobody can give any more must not wait for it, nor take the next
/// one for it.
std::string Dispatcher::promise_again(Connection& connection, const SavedConnection& saved) {
  if (saved.is_owed_lost)
    return fmt::format("the handler of {} has failed to save the reply that it owes",
                       saved.owed_command);
  const auto found =
      std::ranges::find(commands_.by_number(), saved.owed_command, &CommandEntry::full_name);
  if (found == commands_.by_number().end())
    return fmt::format("there is no command {} any more, to which a reply is owed",
                       saved.owed_command);
  CommandEntry* const entry = *found;
  bool is_resumed = false;
  pending_.begin_call(connection);
  context_.begin(connection, *entry);
  const HandlerCall call{entry->handler_name, entry->full_name, "resume_reply()",
                         connection.client_id()};
  (void)guard_.run(call, [&] {
    is_resumed = entry->handler->resume_reply(*entry->spec, saved.owed_state, context_);
  });
  Buffer none;
  if (pending_.end_call(none) == PromiseState::open && is_resumed) {
    connection.owe_again();
    return {};
  }
  pending_.forget_call(connection.id());
  return fmt::format("the handler {} does not understand what it has left of a reply",
                     entry->handler_name);
}

/// What may not be queued any more, the configuration being another, makes EXEC refuse: as where it
/// is sent.
void Dispatcher::queue_again(Connection& connection, std::string_view requests) {
  FrameParser parser(Framing::command);
  Frame frame;
  Buffer replies;
  const ParserLimits& limits = connection.policy().loop_context.parser_limits;
  while (!requests.empty() && parser.parse(requests, limits, frame) == ParseStatus::frame) {
    ReplyDraft draft(replies, ReplyEncoding::resp2);
    const Parsed request = parse(connection, frame, draft);
    CommandEntry* const entry =
        request.words.empty() ? nullptr : resolve(connection, request, draft);
    if (entry != nullptr && entry->spec->in_transaction == InTransaction::queued)
      (void)queue(connection, *entry, request.words, draft);
    else
      transactions_.spoil(connection);
    requests.remove_prefix(frame.bytes);
    replies.clear();
  }
  if (!requests.empty()) transactions_.spoil(connection);
}

}  // namespace reactord
