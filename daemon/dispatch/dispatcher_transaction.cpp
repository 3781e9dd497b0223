// SPDX-License-Identifier: MIT
// Between MULTI and EXEC: what is queued, what is run at once all the same, and EXEC. What is kept
// of a transaction is in transaction.h.
#include <optional>

#include "daemon/dispatch/dispatcher.h"

namespace reactord {

namespace {

/// Redis' own text.
constexpr std::string_view kAborted = "EXECABORT Transaction discarded because of previous errors.";

}  // namespace

ServeResult Dispatcher::answer_in_transaction(Connection& connection, const Frame& frame,
                                              ReplyDraft& draft) {
  const Parsed request = parse(connection, frame, draft);
  CommandEntry* entry = nullptr;
  if (!request.words.empty()) entry = resolve(connection, request, draft);
  if (draft.writer.wrote_error()) {
    note_refused(connection, request.words, draft);
    executes(request.entry) ? transactions_.forget(connection) : transactions_.spoil(connection);
  }
  if (entry == nullptr) return ServeResult::replied;
  switch (entry->spec->in_transaction) {
    case InTransaction::queued:
      return queue(connection, *entry, request.words, draft);
    case InTransaction::at_once:
      return call_at_once(connection, *entry, request.words, draft);
    case InTransaction::executes:
      return execute(connection, *entry, draft);
  }
  return ServeResult::replied;
}

ServeResult Dispatcher::queue(Connection& connection, CommandEntry& entry, Words words,
                              ReplyDraft& draft) {
  const std::string problem = transactions_.queue(connection, entry, words);
  if (problem.empty()) {
    draft.writer.simple("QUEUED");
  } else {
    draft.writer.error(problem);
    note_error(connection, problem);
  }
  return ServeResult::replied;
}

ServeResult Dispatcher::call_at_once(Connection& connection, CommandEntry& entry, Words words,
                                     ReplyDraft& draft) {
  const ServeResult result = call(connection, entry, words, draft);
  if (!connection.session().in_transaction()) transactions_.forget(connection);
  return result;
}

/// All that is queued, one behind the other: no other client's request is served in between. What
/// they promise may come later, and the array with it.
ServeResult Dispatcher::execute(Connection& connection, CommandEntry& exec, ReplyDraft& draft) {
  const Words exec_words{&exec.spec->name, 1};
  if (is_looked_at_) [[unlikely]]
    show(connection, exec, exec_words);
  timing_.start(exec, exec_words);
  // Its handler is not called; in a process that has taken the connection over, none was before.
  context_.begin(connection, exec);
  ++exec.stats.calls;
  Transactions::Transaction transaction = transactions_.take(connection);
  if (transaction.is_spoilt) {
    draft.writer.error(kAborted);
    note_error(connection, kAborted);
    ++exec.stats.failed;
    return ServeResult::replied;
  }
  QueuedRequests& requests = transaction.requests;
  const bool is_silent = connection.session().reply_mode() != ReplyMode::on;
  GatheredReply& gathered = pending_.begin_gathering(
      connection, exec, GatheredReply(draft.writer.encoding(), is_silent, requests.size()),
      timing_.run_began());
  for (std::size_t i = 0; i < requests.size(); ++i) run_queued(connection, requests, i, gathered);
  connection.note_command(exec.number);
  timing_.stop();  // it may know of their words, which end here
  const std::optional<GatheredReply> whole = pending_.end_gathering(connection);
  if (!whole) {
    CommandTiming::leave_out(exec);
    return ServeResult::pending;
  }
  // Sent whole or not at all: where it turns replies on or off, that counts from the next request.
  draft.must_send = !is_silent;
  if (!is_silent) whole->write(draft.out);
  return whole->must_close ? ServeResult::close_after_reply : ServeResult::replied;
}

void Dispatcher::run_queued(Connection& connection, QueuedRequests& requests, std::size_t index,
                            GatheredReply& gathered) {
  ReplyDraft draft(gathered.given(), GatheredReply::element_encoding(connection));
  if (connection.session().has_principal() && refuses(connection, &requests.entry(index), draft))
    return note_refused(connection, requests.words(index), draft);
  switch (call(connection, requests.entry(index), requests.words(index), draft)) {
    case ServeResult::replied:
    case ServeResult::not_yet:
      break;
    case ServeResult::pending:
    case ServeResult::overlapping:
      pending_.leave_hole(connection);
      break;
    case ServeResult::close_after_reply:
    case ServeResult::quit:
      gathered.must_close = true;
      break;
  }
}

}  // namespace reactord
