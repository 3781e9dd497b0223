// SPDX-License-Identifier: MIT
// What a handler is given for the length of one call, and where handlers' own state of connections
// is kept. The one place where the handler interface meets connections, events and promises.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/connection/connection.h"
#include "daemon/dispatch/command_table.h"
#include "daemon/dispatch/handler_guard.h"
#include "daemon/dispatch/replies/pending_replies.h"
#include "daemon/interface/handler.h"
#include "daemon/log/event_log.h"

namespace reactord {

/// Under which event a handler's own records are logged.
[[nodiscard]] constexpr Event handler_event(HandlerLogLevel level) {
  switch (level) {
    case HandlerLogLevel::off:
    case HandlerLogLevel::debug:
      return Event::handler_debug;
    case HandlerLogLevel::info:
      return Event::handler_info;
    case HandlerLogLevel::warning:
      return Event::handler_warning;
  }
  return Event::handler_debug;
}

class CallContext final : public HandlerContext {
 public:
  CallContext(EventLog& events, PendingReplies& pending) : events_(events), pending_(pending) {}

  void begin(Connection& connection, CommandEntry& entry) {
    connection_ = &connection;
    entry_ = &entry;
    holds_next_ = false;
  }
  /// The call wants the connection's next requests to wait for its reply.
  [[nodiscard]] bool holds_next() const { return holds_next_; }
  /// The latest call of handle(), which was of `entry`, for the log.
  [[nodiscard]] HandlerCall describe(const CommandEntry& entry) const;
  [[nodiscard]] std::string_view client_name() const { return connection_->session().name(); }
  [[nodiscard]] std::string_view traceparent() const {
    return connection_->session().traceparent();
  }
  [[nodiscard]] CommandEntry* entry() const { return entry_; }
  /// Others were sent as much because of the latest call.
  void note_moved(std::size_t bytes) {
    if (connection_ != nullptr) connection_->policy().loop_context.note_moved(bytes);
  }
  /// Destroys what handlers keep for that connection.
  void forget(SlotId connection) noexcept;

  // --- HandlerContext ---
  [[nodiscard]] TimePoint now() const override;
  [[nodiscard]] std::uint64_t client_id() const override { return connection_->client_id(); }
  [[nodiscard]] std::string peer() const override { return connection_->stream().peer(); }
  [[nodiscard]] bool has_finished_sending() const override {
    return connection_->is_fin_announced();
  }
  [[nodiscard]] Session& session() override { return connection_->session(); }
  [[nodiscard]] CommandClasses allowed_commands() const override;
  void log(HandlerLogLevel level, std::string_view message) override;
  [[nodiscard]] DeferredReply defer(std::function<void()> on_gone,
                                    std::function<void()> on_finished, SavePromise save) override;
  void charge(std::chrono::microseconds work) override;
  void hold_next() override { holds_next_ = true; }
  void produce(std::unique_ptr<ReplyProducer> producer) override;
  [[nodiscard]] PushHandle subscribe() override;
  [[nodiscard]] bool is_subscribed() const override { return connection_->is_subscribed(); }
  [[nodiscard]] bool has_states(SlotId connection) const { return states_.contains(connection); }
  /// What handlers keep for that connection, as bytes; nothing where one cannot say it.
  using HandlerStates = std::vector<std::pair<const Handler*, std::string>>;
  [[nodiscard]] std::optional<HandlerStates> save_states(SlotId connection) const;
  void end_states() override {
    connection_->set_bound(false);
    forget(connection_->id());
  }

 protected:
  [[nodiscard]] std::unique_ptr<ConnectionState>& state_slot() override;

 private:
  using States = std::map<const Handler*, std::unique_ptr<ConnectionState>>;

  EventLog& events_;
  PendingReplies& pending_;
  Connection* connection_ = nullptr;
  CommandEntry* entry_ = nullptr;
  bool holds_next_ = false;
  std::unordered_map<SlotId, States> states_;
};

}  // namespace reactord
