// SPDX-License-Identifier: MIT
// The daemon as handlers see it, without one: a service whose clients, settings and statistics a
// test sets, a context that records what a handler does, and a bench that sends requests to
// handlers.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
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
#include "daemon/interface/registry.h"

namespace reactord::test {

class FakeService : public Service {
 public:
  TimePoint time{};
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

  [[nodiscard]] TimePoint now() const override { return time; }

  [[nodiscard]] std::unique_ptr<Timer> call_after(std::chrono::milliseconds,
                                                  std::function<void()> callback) override {
    timers.push_back(std::move(callback));
    return std::make_unique<Timer>();
  }
  std::vector<std::function<void()>> timers;

  [[nodiscard]] std::span<const CommandSpec* const> commands() const override {
    return known_commands;
  }
  [[nodiscard]] std::span<const Setting> settings() const override { return known_settings; }
  [[nodiscard]] std::span<const std::string_view> info_sections() const override {
    return sections;
  }
  void append_info(std::string_view section, std::vector<InfoField>& out) const override {
    const auto found = fields.find(section);
    if (found == fields.end()) return;
    out.insert(out.end(), found->second.begin(), found->second.end());
  }

  bool next_client(std::uint32_t& cursor, ClientFacts& facts) const override {
    if (cursor >= clients.size()) return false;
    facts = clients[cursor++];
    ++clients_walked;
    return true;
  }
  bool kill_client(std::uint64_t id) override {
    const bool exists = std::any_of(clients.begin(), clients.end(),
                                    [id](const ClientFacts& client) { return client.id == id; });
    if (exists) killed.push_back(id);
    return exists;
  }

  std::string level = "info";
  std::string level_problem;       ///< what set_log_level() answers
  ReloadOutcome reload_outcome;    ///< what reload() answers
  std::vector<std::string> asked;  ///< of the daemon itself, and by whom

  [[nodiscard]] std::string log_level() const override { return level; }
  [[nodiscard]] std::string set_log_level(std::string_view wanted, std::string_view who) override {
    asked.push_back("log level " + std::string(wanted) + " by " + std::string(who));
    if (level_problem.empty()) level = wanted;
    return level_problem;
  }
  void reload(std::string_view who, std::function<void(const ReloadOutcome&)> answer) override {
    asked.push_back("reload by " + std::string(who));
    answer(reload_outcome);
  }
  bool draining = false;
  [[nodiscard]] bool is_draining() const override { return draining; }
  void set_draining(bool is_draining, std::string_view who) override {
    draining = is_draining;
    asked.push_back((is_draining ? "drain on by " : "drain off by ") + std::string(who));
  }
  void shut_down(std::string_view who) override {
    asked.push_back("shut down by " + std::string(who));
  }
};

/// A rule that the handler has broken fails its test, in the words of the daemon's log.
inline void check_kept(const std::optional<Breach>& breach, std::string_view call) {
  if (breach)
    FAIL_CHECK("the handler broke a rule in " << call << ": it " << breach->did << "; "
                                              << breach->right);
}

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
                std::function<void()> uncertain) noexcept override {
    ++completed;
    on_uncertain = std::move(uncertain);
    if (!is_gone) check_kept(run(write, true), "the writer of complete()");
    return !is_gone;
  }
  void abandon(std::uint64_t, std::uint64_t) noexcept override { ++abandoned; }
  PushResult push(std::uint64_t, const CommandEntry*, const WriteReply& write) noexcept override {
    ++pushed;
    if (push_result == PushResult::queued) check_kept(run(write, false), "the writer of push()");
    return push_result;
  }
  void unsubscribe(std::uint64_t) noexcept override { ++unsubscribed; }

 private:
  std::optional<Breach> run(const WriteReply& write, bool is_reply) {
    Buffer buffer;
    ReplyWriter writer(buffer, ReplyEncoding::resp2);
    write(writer);
    written += buffer.view();
    return is_reply ? find_breach(writer) : find_push_breach(writer, buffer.size());
  }
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
  void log(HandlerLogLevel level, std::string_view message) override {
    logged.push_back({level, std::string(message)});
  }
  [[nodiscard]] DeferredReply defer(std::function<void()> gone,
                                    std::function<void()> finished) override {
    on_gone = std::move(gone);
    on_finished = std::move(finished);
    has_promised = true;
    return {port, id, 1};
  }
  void charge(std::chrono::microseconds work) override { charged += work; }
  std::chrono::microseconds charged{0};
  void produce(std::unique_ptr<ReplyProducer> made) override {
    producer = std::move(made);
    has_promised = true;
  }
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
  HandlerBench() {
    for (const HandlerEntry& entry : handler_entries()) add(entry);
  }
  explicit HandlerBench(const HandlerEntry& entry) { add(entry); }
  /// What handlers keep of a connection goes before them, as in the daemon.
  ~HandlerBench() { context.state_of_connection.reset(); }

  void add(const HandlerEntry& entry) {
    settings_.push_back(entry.table.make());
    handlers_.push_back(entry.make(service, settings_.back().get()));
    by_name_[entry.name] = handlers_.back().get();
    table_.add(*handlers_.back(), entry.name);
    service.known_commands.assign(table_.specs().begin(), table_.specs().end());
  }

  [[nodiscard]] Handler& handler(std::string_view name) { return *by_name_.at(name); }

  /// Sends words, each split at blanks: send("CLIENT LIST TYPE normal").
  std::string send(std::string_view line) { return request(split(line)); }

  /// Sends words as they are.
  std::string request(const std::vector<std::string_view>& words) {
    const CommandEntry* const entry = find(words);
    REQUIRE_MESSAGE(entry != nullptr, words[0]);
    const CommandSpec& spec = *entry->spec;
    const auto arguments = std::span(words).subspan(entry->words);
    REQUIRE(arguments.size() >= spec.min_arguments);
    REQUIRE(arguments.size() <= spec.max_arguments);
    return run(*entry->handler, {spec, words, arguments});
  }

 private:
  static std::vector<std::string_view> split(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
      const std::size_t end = std::min(line.find(' '), line.size());
      if (end > 0) words.push_back(line.substr(0, end));
      line.remove_prefix(std::min(end + 1, line.size()));
    }
    return words;
  }

  [[nodiscard]] const CommandEntry* find(const std::vector<std::string_view>& words) const {
    const CommandEntry* const command = table_.find(words[0]);
    if (command == nullptr || command->subcommands.empty() || words.size() < 2) return command;
    return CommandTable::find_subcommand(*command, words[1]);
  }

  std::string run(Handler& handler, const Request& request) {
    Buffer buffer;
    ReplyWriter writer(buffer, encoding);
    slices = 0;
    longest_slice_bytes = 0;
    context.has_promised = false;
    const int completed = context.port.completed;
    const int abandoned = context.port.abandoned;
    result = handler.handle(request, writer, context);
    PromiseState promise = context.has_promised ? PromiseState::open : PromiseState::none;
    if (context.has_promised && context.port.completed > completed) promise = PromiseState::kept;
    if (context.has_promised && context.port.abandoned > abandoned) promise = PromiseState::dropped;
    check_kept(find_breach(result, promise, writer), "handle()");
    if (context.producer != nullptr) produce(buffer, writer);
    if (slices > 0) check_kept(find_breach(writer), "produce()");
    return std::string(buffer.view());
  }

  void produce(Buffer& buffer, ReplyWriter& writer) {
    CHECK(result == HandlerResult::pending);
    CHECK(buffer.empty());
    constexpr int kMaxSlices = 10'000;
    ReplyProducer::Progress progress = ReplyProducer::Progress::more;
    while (progress == ReplyProducer::Progress::more) {
      REQUIRE(++slices <= kMaxSlices);
      const std::size_t before = buffer.size();
      progress = context.producer->produce(writer);
      longest_slice_bytes = std::max(longest_slice_bytes, buffer.size() - before);
    }
    killed_before_reply = service.killed;
    context.producer->after_reply();
    context.producer.reset();
  }

  std::vector<std::shared_ptr<void>> settings_;
  std::vector<std::unique_ptr<Handler>> handlers_;
  CommandTable table_;
  std::map<std::string_view, Handler*> by_name_;
};

}  // namespace reactord::test
