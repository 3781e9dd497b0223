// SPDX-License-Identifier: MIT
// Turns frames into calls of handlers: finds the command, checks that the listener allows it and
// that its arguments are as many as they should be, calls, and sees to it that exactly one reply
// comes of it. Between MULTI and EXEC it queues instead. What is late is PendingReplies'.
//
//   dispatcher.cpp  calls and their replies    dispatcher_words.cpp  which command is meant
//   dispatcher_transaction.cpp  what is queued, and run by EXEC
//   dispatcher_moving.cpp  what goes along with a connection to another process
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/connection/connection.h"
#include "daemon/connection/principal.h"
#include "daemon/dispatch/call_context.h"
#include "daemon/dispatch/command_table.h"
#include "daemon/dispatch/command_timing.h"
#include "daemon/dispatch/handler_guard.h"
#include "daemon/dispatch/replies/pending_replies.h"
#include "daemon/dispatch/replies/reply_draft.h"
#include "daemon/dispatch/transaction.h"
#include "daemon/log/event_log.h"
#include "daemon/log/request_record.h"
#include "daemon/reactor/clock.h"
#include "daemon/records/error_stats.h"
#include "daemon/records/request_feed.h"
#include "daemon/records/slow_log.h"
#include "protocol/framing/inline_line.h"

namespace reactord {

struct SavedConnection;

class Dispatcher final : public RequestSink, public ConnectionObserver {
 public:
  Dispatcher(const Clock& clock, EventLog& events, ConnectionTable& connections,
             CommandTable& commands);

  [[nodiscard]] ServeResult serve(Connection& connection, const Frame& frame, Buffer& out) override;
  [[nodiscard]] ServeResult serve_behind(Connection& connection, const Frame& frame,
                                         Buffer& out) override;
  void end_batch() noexcept override;
  void on_sent(Connection& connection, TimePoint arrived) noexcept override {
    timing_.note_sent(connection, arrived);
  }
  void give_up_batch() noexcept override;
  ErrorStats::Number note_error(std::string_view error) noexcept override {
    return errors_.count(error);
  }
  void on_connection_end(Connection& connection) noexcept override;
  void on_peer_finished(Connection& connection) noexcept override {
    pending_.on_peer_finished(connection.id());
  }
  void on_receipt(Connection& connection, bool arrived) noexcept override {
    pending_.on_receipt(connection.id(), arrived);
  }

  [[nodiscard]] PendingReplies& pending() { return pending_; }
  [[nodiscard]] const PendingReplies& pending() const { return pending_; }
  [[nodiscard]] std::uint64_t requests() const { return requests_; }
  [[nodiscard]] const ErrorStats& errors() const { return errors_; }
  [[nodiscard]] HandlerGuard& guard() { return guard_; }
  [[nodiscard]] SlowLog& slow_log() { return slow_log_; }
  [[nodiscard]] RequestFeed& feed() { return feed_; }

  // --- connections that go on in another process (dispatcher_moving.cpp) ---
  /// All that handlers keep for it can go along.
  [[nodiscard]] bool can_move(const Connection& connection) noexcept;
  /// So can the reply that it waits for.
  [[nodiscard]] bool can_move_waiting(const Connection& connection) const noexcept {
    return pending_.can_be_saved(connection);
  }
  /// That, and its transaction. Of one that can move; throws std::bad_alloc.
  void save(const Connection& connection, SavedConnection& saved);
  /// The problem with what was saved of it, or "".
  [[nodiscard]] std::string restore(Connection& connection, const SavedConnection& saved);

  /// In whose name a handler asks its service for something right now.
  [[nodiscard]] HandlerCall caller() const;

 private:
  using Words = std::span<const std::string_view>;
  /// A request's words, and its command if that is known and allowed. Without words there is
  /// nothing to run: it was blank, or was answered with an error.
  struct Parsed {
    Words words;
    CommandEntry* entry = nullptr;
  };

  /// What was found out about the head of an array: other arrays that begin so are calls of the
  /// same command, with as many arguments.
  struct Known {
    std::uint64_t head_number = ~std::uint64_t{0};  ///< of none
    CommandEntry* entry = nullptr;
  };

  // Out of line is all that is rare: what is inlined into serve() costs every request registers.
  [[nodiscard, gnu::noinline]] ServeResult answer(Connection& connection, const Frame& frame,
                                                  ReplyDraft& draft);
  [[nodiscard, gnu::noinline]] ServeResult serve_unusual(Connection& connection, const Frame& frame,
                                                         Buffer& out);
  [[nodiscard]] ServeResult refuse(Connection& connection, ReplyDraft& draft);
  [[nodiscard]] ServeResult answer_as(Connection& connection, const Frame& frame,
                                      ReplyDraft& draft);
  [[nodiscard]] static bool may_overlap(const Connection& connection, const CommandEntry* entry);
  [[nodiscard]] bool may_be_overlapped(const Connection& connection,
                                       const CommandEntry& entry) const;
  [[nodiscard]] Parsed parse(const Connection& connection, const Frame& frame, ReplyDraft& draft);
  [[nodiscard, gnu::noinline]] Parsed parse_unframed(const Connection& connection,
                                                     std::string_view payload, ReplyDraft& draft);
  [[nodiscard]] Parsed split_line(const Connection& connection, std::string_view line,
                                  ReplyDraft& draft);
  [[nodiscard]] static const CommandEntry* find_verbatim(const CommandEntry* entry,
                                                         const FirstWord& first);
  void split_verbatim(std::string_view line, std::size_t words);

  [[nodiscard]] static bool is_allowed(const Connection& connection, const CommandEntry& entry) {
    return connection.policy().allowed_commands.has(entry.spec->command_class);
  }
  /// The one place that judges what a client may run, by who it is. True where it may not, which
  /// was answered. `entry` is null where there is no such command.
  [[nodiscard, gnu::noinline]] bool refuses(const Connection& connection, const CommandEntry* entry,
                                            ReplyDraft& draft);
  [[nodiscard]] static bool is_renewed(Connection& connection);
  /// EXEC.
  [[nodiscard]] static bool executes(const CommandEntry* entry) {
    return entry != nullptr && entry->spec->in_transaction == InTransaction::executes;
  }
  [[nodiscard]] CommandEntry* find_known(const Connection& connection, const Frame& frame) const;
  void note_known(const Frame& frame, const Parsed& request);
  [[nodiscard]] CommandEntry* find_allowed(const Connection& connection,
                                           std::string_view name) const;
  [[nodiscard]] CommandEntry* resolve(Connection& connection, const Parsed& request,
                                      ReplyDraft& draft);
  [[nodiscard, gnu::noinline]] CommandEntry* find_subcommand(const Connection& connection,
                                                             const CommandEntry& command,
                                                             Words words, ReplyDraft& draft);

  [[nodiscard, gnu::noinline]] ServeResult call(Connection& connection, CommandEntry& entry,
                                                Words words, ReplyDraft& draft);
  /// The same, a part of serve(): without the registers that a call has to save.
  [[nodiscard, gnu::always_inline]] inline ServeResult call_in_place(Connection& connection,
                                                                     CommandEntry& entry,
                                                                     Words words,
                                                                     ReplyDraft& draft);
  [[nodiscard, gnu::noinline]] ServeResult call_closely(Connection& connection, CommandEntry& entry,
                                                        Words words, ReplyDraft& draft);
  void note_error(Connection& connection, std::string_view error) {
    connection.figures().note_error(errors_.count(error));
  }
  void show(Connection& connection, const CommandEntry& entry, Words words);
  /// A call that the access log takes.
  struct LoggedCall {
    RequestRecord record;
    std::size_t borrowed = 0;  ///< bytes, by replies before it
  };
  [[nodiscard]] LoggedCall begin_logged(Connection& connection, const CommandEntry& entry,
                                        Words words, const ReplyDraft& draft);
  void end_logged(Connection& connection, LoggedCall call, ServeResult result,
                  const ReplyDraft& draft);
  void log_refused(Connection& connection, Words words, const ReplyDraft& draft);
  [[nodiscard]] RequestRecord record_of(Connection& connection, std::string_view command) const;
  void note_refused(Connection& connection, Words words, const ReplyDraft& draft) {
    note_error(connection, draft.written());
    if (events_.logs_requests()) [[unlikely]]
      log_refused(connection, words, draft);
  }
  void end_feed() noexcept;
  [[nodiscard]] bool wants_lines() {
    shows_ = feed_.is_watched() && feed_.wants_lines(guard_.now(), requests_);
    return shows_;
  }
  struct CallEnd {
    HandlerResult result;
    PromiseState promise;
    const Request& request;
  };
  [[nodiscard, gnu::noinline]] ServeResult judge_call(Connection& connection, CommandEntry& entry,
                                                      CallEnd end, ReplyDraft& draft);
  [[nodiscard, gnu::noinline]] ServeResult replace_failed(Connection& connection,
                                                          CommandEntry& entry, ReplyDraft& draft);

  // --- connections that go on in another process ---
  using HandlerStates = CallContext::HandlerStates;
  [[nodiscard]] std::optional<HandlerStates> save_states(const Connection& connection);
  [[nodiscard]] std::string restore_state(Connection& connection, const std::string& handler,
                                          std::string_view state);
  void queue_again(Connection& connection, std::string_view requests);
  [[nodiscard]] std::string promise_again(Connection& connection, const SavedConnection& saved);

  // --- between MULTI and EXEC ---
  [[nodiscard]] ServeResult answer_in_transaction(Connection& connection, const Frame& frame,
                                                  ReplyDraft& draft);
  [[nodiscard]] ServeResult queue(Connection& connection, CommandEntry& entry, Words words,
                                  ReplyDraft& draft);
  [[nodiscard]] ServeResult call_at_once(Connection& connection, CommandEntry& entry, Words words,
                                         ReplyDraft& draft);
  [[nodiscard]] ServeResult execute(Connection& connection, CommandEntry& exec, ReplyDraft& draft);
  void run_queued(Connection& connection, QueuedRequests& requests, std::size_t index,
                  GatheredReply& gathered);

  [[gnu::noinline]] void reject_unknown(Connection& connection, Words words, ReplyDraft& draft);
  void reject_unknown_subcommand(const CommandEntry& command, Words words, ReplyDraft& draft);
  [[gnu::noinline]] void reject_arity(CommandEntry& entry, std::size_t arguments,
                                      ReplyDraft& draft);

  EventLog& events_;
  CommandTable& commands_;
  ErrorStats errors_;
  HandlerGuard guard_;
  SlowLog slow_log_;
  RequestFeed feed_;
  PendingReplies pending_;
  CallContext context_;
  CommandTiming timing_;
  Transactions transactions_;
  std::uint64_t requests_ = 0;
  Known known_;                ///< of the latest head that was resolved
  bool is_looked_at_ = false;  ///< each call is: nothing is known_ meanwhile
  bool shows_ = false;         ///< ... to who watches

  // Reused from request to request.
  std::vector<std::string_view> words_;
  std::string decoded_;
  Buffer behind_;  ///< a reply that waits for those before it
};

}  // namespace reactord
