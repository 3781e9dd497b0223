// SPDX-License-Identifier: MIT
// Turns frames into calls of handlers: finds the command, checks that the listener allows it and
// that its arguments are as many as they should be, calls, and sees to it that exactly one reply
// comes of it. Owns the figures of commands and errors. The one place where failures become error
// texts on the wire.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/connection/connection.h"
#include "daemon/dispatch/call_context.h"
#include "daemon/dispatch/command_table.h"
#include "daemon/dispatch/pending_replies.h"
#include "daemon/log/event_log.h"
#include "daemon/reactor/clock.h"
#include "protocol/inline_line.h"

namespace reactord {

class Dispatcher final : public RequestSink, public ConnectionObserver {
 public:
  Dispatcher(const Clock& clock, EventLog& events, ConnectionTable& connections,
             CommandTable& commands);

  [[nodiscard]] ServeResult serve(Connection& connection, const Frame& frame,
                                  Buffer& out) noexcept override;
  void end_batch() noexcept override;
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
  /// How often each error code was sent: {"ERR", 3}.
  [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& errors() const {
    return errors_;
  }

 private:
  using Words = std::span<const std::string_view>;

  [[nodiscard]] ServeResult dispatch(Connection& connection, Words words, CommandEntry* entry,
                                     ReplyWriter& reply, Buffer& out);
  [[nodiscard]] ServeResult call(Connection& connection, CommandEntry& entry,
                                 const Request& request, ReplyWriter& reply, Buffer& out);
  struct CallEnd {
    HandlerResult result;
    PendingReplies::Outcome outcome;
  };
  // Out of line, like all that is rare: what is inlined into serve() costs every request registers.
  [[nodiscard, gnu::noinline]] ServeResult judge_call(Connection& connection, CommandEntry& entry,
                                                      CallEnd end, ReplyWriter& reply, Buffer& out);
  [[nodiscard]] HandlerResult call_handler(CommandEntry& entry, const Request& request,
                                           ReplyWriter& reply, Buffer& out);
  [[gnu::noinline]] void record_throw(const CommandEntry& entry, std::string_view problem);
  [[nodiscard]] bool split_words(const Frame& frame, const Connection& connection,
                                 CommandEntry*& entry, ReplyWriter& reply);
  [[nodiscard, gnu::noinline]] bool split_line(const Frame& frame, const Connection& connection,
                                               CommandEntry*& entry, ReplyWriter& reply);
  [[nodiscard, gnu::noinline]] CommandEntry* find_subcommand(const Connection& connection,
                                                             const CommandEntry& command,
                                                             Words words, ReplyWriter& reply);
  [[nodiscard]] static const CommandEntry* find_verbatim(const CommandEntry* entry,
                                                         const FirstWord& first);
  void split_verbatim(std::string_view line, std::size_t words);
  [[nodiscard]] CommandEntry* find_allowed(const Connection& connection,
                                           std::string_view name) const;

  [[gnu::noinline]] void reject_unknown(Words words, ReplyWriter& reply);
  void reject_unknown_subcommand(const CommandEntry& command, Words words, ReplyWriter& reply);
  [[gnu::noinline]] void reject_arity(CommandEntry& entry, ReplyWriter& reply);
  [[gnu::noinline]] void replace_reply(ReplyWriter& reply, Buffer& out, std::string_view error);

  ReplyMode begin_reply_mode(Session& session);
  void apply_reply_mode(ReplyMode before, ReplyMode now, Buffer& out, std::size_t mark);
  void take_back(Buffer& out, std::size_t mark);
  [[gnu::noinline]] void count_error(std::string_view written);
  void start_timing(CommandEntry& entry);
  void stop_timing();

  const Clock& clock_;
  EventLog& events_;
  CommandTable& commands_;
  PendingReplies pending_;
  CallContext context_;
  std::uint64_t requests_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> errors_;

  // Reused from request to request.
  std::vector<std::string_view> words_;
  std::string decoded_;
  bool is_silent_ = false;          ///< CLIENT REPLY: the request under way gets no reply
  GatherList* borrowed_ = nullptr;  ///< those of the connection's loop_context
  std::size_t call_mark_ = 0;       ///< where in the output the reply of the call under way begins

  // A run of the same command within a batch is timed as a whole: two clock readings, not two for
  // each request.
  CommandEntry* timed_ = nullptr;
  TimePoint timed_since_;
};

}  // namespace reactord
