// SPDX-License-Identifier: MIT
#include "daemon/dispatch/call_context.h"

#include "daemon/connection/principal.h"

namespace reactord {

void CallContext::forget(SlotId connection) noexcept {
  states_.erase(connection);
}

std::optional<CallContext::HandlerStates> CallContext::save_states(SlotId connection) const {
  HandlerStates saved;
  const auto found = states_.find(connection);
  if (found == states_.end()) return saved;
  for (const auto& [handler, state] : found->second) {
    std::optional<std::string> bytes = state->save();
    if (!bytes) return std::nullopt;
    saved.emplace_back(handler, std::move(*bytes));
  }
  return saved;
}

HandlerCall CallContext::describe(const CommandEntry& entry) const {
  return {entry.handler_name, entry.full_name, "handle()", connection_->client_id(),
          connection_->stream().peer()};
}

TimePoint CallContext::now() const {
  return connection_->policy().loop_context.host.now();
}

/// Those in which there is a command that listener and user allow.
CommandClasses CallContext::allowed_commands() const {
  const CommandClasses of_listener = connection_->policy().allowed_commands;
  const Principal* const who = connection_->session().principal().get();
  if (who == nullptr) return of_listener;
  CommandClasses both;
  for (const CommandClass each :
       {CommandClass::public_, CommandClass::introspection, CommandClass::admin})
    if (of_listener.has(each) && who->classes.has(each)) both.allow(each);
  return both;
}

void CallContext::log(HandlerLogLevel level, std::string_view message) {
  if (level == HandlerLogLevel::off) return;
  const Event event = handler_event(level);
  events_.count(event);
  if (!events_.wants(event)) return;
  events_.log(event, {{"handler", std::string(entry_->handler_name)},
                      {"message", std::string(message)},
                      {"peer", peer()},
                      {"client", std::to_string(client_id())},
                      {"command", entry_->full_name, true}});
}

DeferredReply CallContext::defer(std::function<void()> on_gone, std::function<void()> on_finished,
                                 SavePromise save) {
  const std::uint64_t promise = pending_.defer(*connection_, *entry_, std::move(on_gone),
                                               std::move(on_finished), std::move(save));
  return {pending_, connection_->id(), promise};
}

void CallContext::charge(std::chrono::microseconds work) {
  connection_->policy().loop_context.charge(work_units(work));
}

void CallContext::produce(std::unique_ptr<ReplyProducer> producer) {
  pending_.produce(*connection_, *entry_, std::move(producer));
}

PushHandle CallContext::subscribe() {
  connection_->subscribe();
  return {pending_, connection_->id(), entry_};
}

std::unique_ptr<ConnectionState>& CallContext::state_slot() {
  connection_->set_bound(true);
  return states_[connection_->id()][entry_->handler];
}

}  // namespace reactord
