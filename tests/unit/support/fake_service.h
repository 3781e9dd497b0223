// SPDX-License-Identifier: MIT
// The daemon as handlers see it, without one: a service whose clients, settings and statistics a
// test sets, a context that records what a handler does, and a bench that sends requests to
// handlers.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/dispatch/command_table.h"
#include "daemon/dispatch/reply_rules.h"
#include "daemon/interface/command_set.h"
#include "daemon/interface/handler.h"
#include "daemon/interface/handler_entry.h"
#include "tests/unit/support/fake_background.h"

namespace reactord::test {

class FakeService : public FakeBackground {
 public:
  std::vector<ClientFacts> clients;
  std::vector<const CommandSpec*> known_commands;
  std::vector<Setting> known_settings;
  std::vector<std::string_view> sections;
  std::map<std::string, std::vector<InfoField>, std::less<>> fields;
  std::vector<std::uint64_t> killed;
  mutable std::size_t clients_walked = 0;

  void log(HandlerLogLevel, std::string_view, std::string_view message) override {
    logged.emplace_back(message);
  }
  std::vector<std::string> logged;

  [[nodiscard]] std::span<const CommandSpec* const> commands() const override {
    return known_commands;
  }
  [[nodiscard]] std::span<const Setting> settings() const override { return known_settings; }
  [[nodiscard]] std::span<const std::string_view> info_sections() const override {
    return sections;
  }
  void append_info(std::string_view section, std::vector<InfoField>& out) const override;

  bool next_client(std::uint32_t& cursor, ClientFacts& facts) const override;
  bool kill_client(std::uint64_t id) override;

  std::string level = "info";
  std::string level_problem;       ///< what set_log_level() answers
  ReloadOutcome reload_outcome;    ///< what reload() answers
  std::vector<std::string> asked;  ///< of the daemon itself, and by whom

  [[nodiscard]] std::string log_level() const override { return level; }
  [[nodiscard]] std::string set_log_level(std::string_view wanted, std::string_view who) override;
  void reload(std::string_view who, std::function<void(const ReloadOutcome&)> answer) override;
  bool draining = false;
  [[nodiscard]] bool is_draining() const override { return draining; }
  void set_draining(bool is_draining, std::string_view who) override;
  void shut_down(std::string_view who) override;
};

/// A rule that the handler has broken fails its test, in the words of the daemon's log.
void check_kept(const std::optional<Breach>& breach, std::string_view call);

/// Records what happens to the tokens.
class FakePort : public ReplyPort {
 public:
  std::string written;
  int completed = 0;
  int abandoned = 0;
  int pushed = 0;
  int unsubscribed = 0;
  bool is_gone = false;
  PushResult push_result = PushResult::queued;

  std::function<void()> on_uncertain;

  bool complete(std::uint64_t, std::uint64_t, const WriteReply& write,
                std::function<void()> uncertain) noexcept override;
  void abandon(std::uint64_t, std::uint64_t) noexcept override { ++abandoned; }
  PushResult push(std::uint64_t, const CommandEntry*, const WriteReply& write) noexcept override;
  void unsubscribe(std::uint64_t) noexcept override { ++unsubscribed; }

 private:
  std::optional<Breach> run(const WriteReply& write, bool is_reply);
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
  std::function<void()> on_gone;
  std::function<void()> on_finished;

  [[nodiscard]] TimePoint now() const override { return time; }
  [[nodiscard]] std::uint64_t client_id() const override { return id; }
  [[nodiscard]] std::string peer() const override { return address; }
  bool has_finished = false;
  [[nodiscard]] bool has_finished_sending() const override { return has_finished; }
  [[nodiscard]] Session& session() override { return own_session; }
  [[nodiscard]] CommandClasses allowed_commands() const override { return allowed; }
  void log(HandlerLogLevel level, std::string_view message) override;
  [[nodiscard]] DeferredReply defer(std::function<void()> gone,
                                    std::function<void()> finished) override;
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
};

/// Handlers with a service and one connection, and the least of a dispatcher: looks a request's
/// command up, checks its number of arguments, and runs it to its whole reply.
class HandlerBench {
 public:
  FakeService service;
  FakeContext context;
  ReplyEncoding encoding = ReplyEncoding::resp2;
  HandlerResult result = HandlerResult::replied;   ///< of the last request
  int slices = 0;                                  ///< of the last request's producer
  std::size_t longest_slice_bytes = 0;             ///< written by one of them
  std::vector<std::uint64_t> killed_before_reply;  ///< by the time that it was whole

  /// All handlers of the registry, with their default settings.
  HandlerBench();
  explicit HandlerBench(const HandlerEntry& entry);
  /// What handlers keep of a connection goes before them, as in the daemon.
  ~HandlerBench();

  void add(const HandlerEntry& entry);

  [[nodiscard]] Handler& handler(std::string_view name);

  /// Sends words, each split at blanks: send("CLIENT LIST TYPE normal").
  std::string send(std::string_view line);

  /// Sends words as they are.
  std::string request(const std::vector<std::string_view>& words);

 private:
  [[nodiscard]] const CommandEntry* find(const std::vector<std::string_view>& words) const;
  std::string run(Handler& handler, const Request& request);
  void produce(Buffer& buffer, ReplyWriter& writer);

  std::vector<std::shared_ptr<void>> settings_;
  std::vector<std::unique_ptr<Handler>> handlers_;
  CommandTable table_;
  std::map<std::string_view, Handler*> by_name_;
};

}  // namespace reactord::test
