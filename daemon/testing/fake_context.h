// SPDX-License-Identifier: MIT
// A client as a handler sees it, without a connection: records what the handler does to it, and
// finishes or leaves when the test says so.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/interface/handler.h"

namespace reactord::test {

/// Receives what is written after handle() has returned: deferred replies and pushes.
class FakePort : public ReplyPort {
 public:
  ReplyEncoding encoding = ReplyEncoding::resp2;
  std::string written;
  int completed = 0;
  int abandoned = 0;
  int pushed = 0;
  int unsubscribed = 0;
  bool is_gone = false;
  PushResult push_result = PushResult::queued;
  /// The first rule that the handler has broken in what it wrote, or "". HandlerBench throws it.
  std::string fault;

  /// Who is to be told while the promise of a reply is open.
  struct Promise {
    std::function<void()> on_gone;
    std::function<void()> on_finished;
    SavePromise save;
  };
  std::map<std::uint64_t, Promise> promises;
  std::function<void()> on_uncertain;  ///< as the last complete() has given it

  bool complete(std::uint64_t connection, std::uint64_t promise, const WriteReply& write,
                std::function<void()> uncertain) noexcept override;
  void abandon(std::uint64_t connection, std::uint64_t promise) noexcept override;
  PushResult push(std::uint64_t connection, const CommandEntry* subscribed_by,
                  const WriteReply& write) noexcept override;
  void unsubscribe(std::uint64_t) noexcept override { ++unsubscribed; }
  /// Of each promise that can be saved.
  bool goes_on_with_promises = false;
  [[nodiscard]] bool goes_on(std::uint64_t, std::uint64_t promise) const noexcept override {
    const auto found = promises.find(promise);
    return goes_on_with_promises && found != promises.end() && found->second.save;
  }

 private:
  void run(const WriteReply& write, bool is_reply);
};

class FakeContext : public HandlerContext {
 public:
  struct LogRecord {
    HandlerLogLevel level;
    std::string message;
  };

  TimePoint time{};
  std::uint64_t id = 7;
  std::string address = "127.0.0.1:50000";
  Session own_session;
  CommandClasses allowed = CommandClasses::all();
  std::vector<LogRecord> logged;
  std::unique_ptr<ReplyProducer> producer;
  std::unique_ptr<ConnectionState> state_of_connection;
  FakePort port;

  /// What deferred replies and pushes have written since the last call.
  [[nodiscard]] std::string take_output();
  /// The client has sent FIN: it asks no more, and still reads.
  void finish_sending();
  /// The client is gone: who has promised it a reply is told, and what is kept of it ends.
  void leave();

  [[nodiscard]] TimePoint now() const override { return time; }
  [[nodiscard]] std::uint64_t client_id() const override { return id; }
  [[nodiscard]] std::string peer() const override { return address; }
  bool has_finished = false;
  [[nodiscard]] bool has_finished_sending() const override { return has_finished; }
  [[nodiscard]] Session& session() override { return own_session; }
  [[nodiscard]] CommandClasses allowed_commands() const override { return allowed; }
  void log(HandlerLogLevel level, std::string_view message) override;
  [[nodiscard]] DeferredReply defer(std::function<void()> gone, std::function<void()> finished,
                                    SavePromise save) override;
  void charge(std::chrono::microseconds work) override { charged += work; }
  std::chrono::microseconds charged{0};
  void hold_next() override { holds_next = true; }
  bool holds_next = false;  ///< of any request so far
  void produce(std::unique_ptr<ReplyProducer> made) override;
  bool has_promised = false;  ///< in the call under way
  [[nodiscard]] PushHandle subscribe() override { return {port, id}; }
  bool subscribed = false;
  [[nodiscard]] bool is_subscribed() const override { return subscribed; }
  void end_states() override { state_of_connection.reset(); }

 protected:
  [[nodiscard]] std::unique_ptr<ConnectionState>& state_slot() override {
    return state_of_connection;
  }

 private:
  std::uint64_t last_promise_ = 0;
};

}  // namespace reactord::test
