// SPDX-License-Identifier: MIT
#include "daemon/dispatch/dispatcher.h"

#include <utility>

#include "daemon/probes/probes.h"

namespace reactord {

namespace {

/// Words are kept from request to request up to this many.
constexpr std::size_t kMaxKeptWords = 1024;

constexpr std::string_view kUserGone =
    "NOAUTH the user that you have logged in as was removed, or may not be used any more";

}  // namespace

Dispatcher::Dispatcher(const Clock& clock, EventLog& events, ConnectionTable& connections,
                       CommandTable& commands)
    : events_(events),
      commands_(commands),
      guard_(clock, events),
      pending_(connections, guard_, errors_, slow_log_),
      context_(events, pending_),
      timing_(clock, guard_, slow_log_, context_) {}

ServeResult Dispatcher::serve(Connection& connection, const Frame& frame, Buffer& out) {
  ++requests_;
  if (!connection.session().is_ordinary()) [[unlikely]]
    return serve_unusual(connection, frame, out);
  ReplyDraft draft(out, connection.reply_encoding(), &connection.policy().loop_context.borrowed);
  CommandEntry* const known = find_known(connection, frame);
  const ServeResult result = known != nullptr
                                 ? call_in_place(connection, *known, frame.arguments, draft)
                                 : answer(connection, frame, draft);
  // CLIENT REPLY OFF and SKIP get no reply either.
  if (connection.session().reply_mode() != ReplyMode::on) [[unlikely]]
    draft.take_back();
  pending_.append_pushes(out);
  return result;
}

/// Whatever it is: one request, one reply. What it would have queued is missing in a transaction.
ServeResult Dispatcher::refuse(Connection& connection, ReplyDraft& draft) {
  const std::string_view error = connection.policy().loop_context.refusal;
  draft.writer.error(error);
  note_refused(connection, {}, draft);
  if (connection.session().in_transaction()) transactions_.spoil(connection);
  return ServeResult::replied;
}

/// In a transaction, over a limit, where CLIENT REPLY has asked for silence, where it counts who
/// asks, or where one request is part of a trace of its own.
ServeResult Dispatcher::serve_unusual(Connection& connection, const Frame& frame, Buffer& out) {
  Session& session = connection.session();
  if (session.reply_mode() == ReplyMode::skip_next) session.set_reply_mode(ReplyMode::skipping);
  session.begin_trace();
  if (!session.traceparent().empty()) timing_.stop();  // it is timed by itself
  ReplyDraft draft(out, connection.reply_encoding(), &connection.policy().loop_context.borrowed);
  ServeResult result = ServeResult::replied;
  if (!is_renewed(connection))
    draft.writer.error(kUserGone);
  else if (session.is_refused())
    result = refuse(connection, draft);
  else if (session.in_transaction())
    result = answer_in_transaction(connection, frame, draft);
  else
    result = answer_as(connection, frame, draft);
  // A request that has turned replies on is answered, one that has turned them off is not.
  if (session.reply_mode() != ReplyMode::on && !draft.must_send) draft.take_back();
  if (session.reply_mode() == ReplyMode::skipping) session.set_reply_mode(ReplyMode::on);
  if (!session.traceparent().empty()) timing_.stop();
  session.end_trace();
  pending_.append_pushes(out);
  return result;
}

/// Of a user: what is known need not be looked up, but judged.
ServeResult Dispatcher::answer_as(Connection& connection, const Frame& frame, ReplyDraft& draft) {
  const Principal* const who = connection.session().principal().get();
  CommandEntry* const known = find_known(connection, frame);
  if (known == nullptr || (who != nullptr && !who->may_run(known->number)))
    return answer(connection, frame, draft);
  return call(connection, *known, frame.arguments, draft);
}

/// False where the connection's user has gone, and the connection with it.
bool Dispatcher::is_renewed(Connection& connection) {
  const LoopContext& loop = connection.policy().loop_context;
  const Principal* const who = connection.session().principal().get();
  if (who == nullptr || who->generation == loop.users_generation) return true;
  loop.gate->renew(connection);
  return !connection.is_ending();
}

ServeResult Dispatcher::serve_behind(Connection& connection, const Frame& frame, Buffer& out) {
  if (frame.kind != FrameKind::array) return ServeResult::not_yet;
  CommandEntry* const known = find_known(connection, frame);
  if (!may_overlap(connection,
                   known != nullptr ? known : find_allowed(connection, frame.arguments.front())))
    return ServeResult::not_yet;
  ++requests_;
  behind_.clear();
  ReplyDraft draft(behind_, connection.reply_encoding());
  const std::uint64_t called_before = connection.commands();
  const ServeResult result = known != nullptr ? call(connection, *known, frame.arguments, draft)
                                              : answer(connection, frame, draft);
  if (result == ServeResult::overlapping || result == ServeResult::pending) {
    pending_.append_pushes(out);
    return result;
  }
  if (result != ServeResult::replied)
    guard_.report_breach(context_.describe(*context_.entry()),
                         {"ended the connection, to which replies are owed",
                          "leave `overlaps` out of its CommandSpec"});
  pending_.append_pushes(behind_);
  const bool was_called = connection.commands() != called_before;
  CommandEntry* const entry = was_called ? context_.entry() : nullptr;
  if (!pending_.reply_behind(connection, behind_, out, entry)) return ServeResult::replied;
  if (entry != nullptr) CommandTiming::leave_out(*entry);
  return ServeResult::overlapping;
}

/// Whether a request of that command may be served while earlier ones of the connection wait for
/// their replies.
bool Dispatcher::may_overlap(const Connection& connection, const CommandEntry* entry) {
  return entry != nullptr && entry->spec->overlaps && connection.session().is_ordinary() &&
         PendingReplies::has_room(connection);
}

ServeResult Dispatcher::answer(Connection& connection, const Frame& frame, ReplyDraft& draft) {
  const Parsed request = parse(connection, frame, draft);
  CommandEntry* const entry = request.words.empty() ? nullptr : resolve(connection, request, draft);
  if (entry != nullptr) {
    note_known(frame, request);
    return call(connection, *entry, request.words, draft);
  }
  if (draft.writer.wrote_error()) note_refused(connection, request.words, draft);
  return ServeResult::replied;
}

void Dispatcher::end_batch() noexcept {
  timing_.stop();
  if (is_looked_at_) [[unlikely]]
    end_feed();
  if (const bool looks = wants_lines() || timing_.looks_closely() || events_.logs_requests();
      looks != is_looked_at_) [[unlikely]] {
    is_looked_at_ = looks;
    known_ = {};
  }
  if (words_.capacity() > kMaxKeptWords) std::vector<std::string_view>().swap(words_);
  behind_.release();
}

void Dispatcher::give_up_batch() noexcept {
  pending_.give_up_call();
  end_batch();
  timing_.give_up();
}

HandlerCall Dispatcher::caller() const {
  if (guard_.calling() != nullptr) return *guard_.calling();
  return context_.entry() == nullptr ? HandlerCall{} : context_.describe(*context_.entry());
}

void Dispatcher::on_connection_end(Connection& connection) noexcept {
  pending_.forget(connection.id());
  context_.forget(connection.id());
  if (connection.session().in_transaction()) transactions_.forget(connection);
}

// --- commands that are known --------------------------------------------------------------------

/// The command of a frame that begins as the latest one did, if this listener allows it, too.
CommandEntry* Dispatcher::find_known(const Connection& connection, const Frame& frame) const {
  return known_.head_number == frame.head.number && is_allowed(connection, *known_.entry)
             ? known_.entry
             : nullptr;
}

/// After resolve() has found its command. Which subcommand it is, the head does not say.
void Dispatcher::note_known(const Frame& frame, const Parsed& request) {
  if (frame.kind == FrameKind::array && request.entry->subcommands.empty() && !is_looked_at_)
    known_ = {frame.head.number, request.entry};
}

// --- calls -------------------------------------------------------------------------------------

ServeResult Dispatcher::call(Connection& connection, CommandEntry& entry, Words words,
                             ReplyDraft& draft) {
  if (is_looked_at_) [[unlikely]]
    return call_closely(connection, entry, words, draft);
  return call_in_place(connection, entry, words, draft);
}

/// To who watches. What administrators do is not shown, as in Redis.
void Dispatcher::show(Connection& connection, const CommandEntry& entry, Words words) {
  if (!shows_ || entry.spec->command_class == CommandClass::admin) return;
  if (!feed_.has_begun()) feed_.begin(std::chrono::system_clock::now(), connection.stream().peer());
  feed_.add(words, first_secret(words, entry.words, entry.spec->secrets));
}

ServeResult Dispatcher::call_closely(Connection& connection, CommandEntry& entry, Words words,
                                     ReplyDraft& draft) {
  show(connection, entry, words);
  std::optional<LoggedCall> logged;
  if (events_.logs_requests() && events_.takes_request())
    logged = begin_logged(connection, entry, words, draft);
  const ServeResult result = call_in_place(connection, entry, words, draft);
  if (logged || timing_.looks_closely()) timing_.stop();
  if (logged) end_logged(connection, std::move(*logged), result, draft);
  return result;
}

void Dispatcher::end_feed() noexcept {
  std::size_t bytes = 0;
  guard_.run_unmeasured(
      [] {
        return HandlerCall{"monitor", "monitor", "the watcher of requests"};
      },
      [&] { bytes = feed_.end(); });
  context_.note_moved(bytes);
}

inline ServeResult Dispatcher::call_in_place(Connection& connection, CommandEntry& entry,
                                             Words words, ReplyDraft& draft) {
  connection.note_command(entry.number);
  timing_.start(entry, words);
  ++entry.stats.calls;
  context_.begin(connection, entry);
  pending_.begin_call(connection);
  const Request request{*entry.spec, words, words.subspan(entry.words)};
  HandlerResult result = HandlerResult::replied;
  REACTORD_PROBE_HANDLER_BEGIN(connection.client_id(), entry.full_name.c_str(), words.size());
  const bool has_returned = guard_.run_unmeasured(
      [&] { return context_.describe(entry); },
      [&] {
        result = entry.handler->handle(request, draft.writer, context_);
        REACTORD_PROBE_HANDLER_END(connection.client_id(), entry.full_name.c_str(),
                                   static_cast<std::uint8_t>(result));
      });
  const PromiseState promise = pending_.end_call(draft.out);
  if (result == HandlerResult::replied && promise == PromiseState::none && has_returned &&
      draft.writer.wrote_one_good()) [[likely]]
    return ServeResult::replied;
  const ServeResult judged = has_returned
                                 ? judge_call(connection, entry, {result, promise, request}, draft)
                                 : replace_failed(connection, entry, draft);
  if (draft.writer.wrote_error()) note_error(connection, draft.written());
  return judged;
}

/// What is rare: promises, errors, the connection's end, and handlers that break the rules.
ServeResult Dispatcher::judge_call(Connection& connection, CommandEntry& entry, CallEnd end,
                                   ReplyDraft& draft) {
  const auto& [result, promise, request] = end;
  // What was promised is given up with the connection.
  if (connection.is_ending() && result == HandlerResult::pending) return ServeResult::replied;
  if (const std::optional<Breach> breach = find_breach(result, promise, draft.writer)) {
    guard_.report_breach(context_.describe(entry), *breach);
    ++entry.stats.failed;
    pending_.forget_call(connection.id());
    draft.replace(
        "ERR internal error: the handler wrote no proper reply; the server's log says why");
    return ServeResult::replied;
  }
  if (draft.writer.wrote_error()) ++entry.stats.failed;
  switch (result) {
    case HandlerResult::replied:
      return ServeResult::replied;
    case HandlerResult::pending:
      connection.figures().note_error(pending_.take_error());
      if (promise != PromiseState::open) return ServeResult::replied;
      CommandTiming::leave_out(entry);
      ++entry.stats.deferred;
      pending_.note_deferred(connection, timing_.run_began(), request.words);
      return may_be_overlapped(connection, entry) ? ServeResult::overlapping : ServeResult::pending;
    case HandlerResult::close_after_reply:
      return ServeResult::close_after_reply;
    case HandlerResult::quit:
      return ServeResult::quit;
  }
  return ServeResult::replied;
}

/// Of the call under way, whose reply comes later.
bool Dispatcher::may_be_overlapped(const Connection& connection, const CommandEntry& entry) const {
  return entry.spec->overlaps && !context_.holds_next() && connection.session().is_ordinary();
}

/// The handler has thrown, which was told.
ServeResult Dispatcher::replace_failed(Connection& connection, CommandEntry& entry,
                                       ReplyDraft& draft) {
  REACTORD_PROBE_HANDLER_THREW(connection.client_id(), entry.full_name.c_str());
  ++entry.stats.failed;
  pending_.forget_call(connection.id());
  draft.replace("ERR internal error: the handler failed; the server's log says why");
  return ServeResult::replied;
}

}  // namespace reactord
