// SPDX-License-Identifier: MIT
#include "daemon/dispatch/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "protocol/escape.h"
#include "protocol/reply.h"

namespace reactord {

namespace {

/// Error codes counted apart; a handler that made up new ones without end must not fill the memory.
constexpr std::size_t kMaxErrorCodes = 128;
/// As much of an unknown command, and of its arguments, as Redis repeats in its error.
constexpr std::size_t kMaxShownBytes = 128;
/// Words are kept from request to request up to this many.
constexpr std::size_t kMaxKeptWords = 1024;

std::string upper_case(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return upper;
}

/// Of a call that has written its one reply.
ServeResult serve_result_of(HandlerResult result) {
  switch (result) {
    case HandlerResult::replied:
      return ServeResult::replied;
    case HandlerResult::pending:
      return ServeResult::pending;
    case HandlerResult::close_after_reply:
      return ServeResult::close_after_reply;
    case HandlerResult::quit:
      return ServeResult::quit;
  }
  return ServeResult::replied;
}

}  // namespace

Dispatcher::Dispatcher(const Clock& clock, EventLog& events, ConnectionTable& connections,
                       CommandTable& commands)
    : clock_(clock),
      events_(events),
      commands_(commands),
      pending_(connections),
      context_(events, pending_) {}

ServeResult Dispatcher::serve(Connection& connection, const Frame& frame, Buffer& out) noexcept {
  const ReplyMode mode = begin_reply_mode(connection.session());
  const std::size_t mark = out.size();
  borrowed_ = &connection.policy().loop_context.borrowed;
  ReplyWriter reply(out, connection.reply_encoding(), borrowed_);
  call_mark_ = mark;
  ++requests_;
  CommandEntry* entry = nullptr;
  ServeResult result = ServeResult::replied;
  if (split_words(frame, connection, entry, reply)) {
    const Words words = frame.kind == FrameKind::array ? Words(frame.arguments) : Words(words_);
    result = dispatch(connection, words, entry, reply, out);
  }
  if (reply.wrote_error()) [[unlikely]]
    count_error(out.view().substr(mark));
  apply_reply_mode(mode, connection.session().reply_mode(), out, mark);
  pending_.append_pushes(out);
  return result;
}

void Dispatcher::end_batch() noexcept {
  stop_timing();
  if (words_.capacity() > kMaxKeptWords) std::vector<std::string_view>().swap(words_);
}

/// The words of a request, and its command if that is known and allowed. False if there is nothing
/// to run: it was answered with an error, or it was blank.
bool Dispatcher::split_words(const Frame& frame, const Connection& connection, CommandEntry*& entry,
                             ReplyWriter& reply) {
  if (frame.kind == FrameKind::array) [[likely]] {
    entry = find_allowed(connection, frame.arguments.front());
    return true;
  }
  words_.clear();
  if (CommandEntry* bound = connection.policy().bound_command; bound != nullptr) {
    entry = bound;
    words_ = {bound->spec->name, frame.payload};
    return true;
  }
  return split_line(frame, connection, entry, reply);
}

bool Dispatcher::split_line(const Frame& frame, const Connection& connection, CommandEntry*& entry,
                            ReplyWriter& reply) {
  const FirstWord first = split_first_word(frame.payload);
  entry = find_allowed(connection, first.word);
  if (const CommandEntry* verbatim = find_verbatim(entry, first)) {
    split_verbatim(frame.payload, verbatim->words + verbatim->spec->max_arguments);
    return true;
  }
  const std::size_t max_words = connection.policy().loop_context.parser_limits.max_arguments;
  switch (split_inline(frame.payload, max_words, words_, decoded_)) {
    case SplitStatus::ok:
      break;
    case SplitStatus::unbalanced_quotes:
      reply.error("ERR Protocol error: unbalanced quotes in request");
      return false;
    case SplitStatus::too_many_arguments:
      reply.error("ERR Protocol error: too many arguments in one line");
      return false;
  }
  if (words_.empty()) return false;  // a line of blanks: ignored, as Redis does
  if (entry == nullptr) entry = find_allowed(connection, words_.front());  // "ping" in quotes
  return true;
}

/// `entry`, or its subcommand, where that takes the rest of its line verbatim; null otherwise.
const CommandEntry* Dispatcher::find_verbatim(const CommandEntry* entry, const FirstWord& first) {
  if (entry != nullptr && !entry->subcommands.empty())
    entry = CommandTable::find_subcommand(*entry, split_first_word(first.rest).word);
  return entry != nullptr && entry->spec->rest_of_line ? entry : nullptr;
}

/// At most `words`, of which the last is the rest of the line as it is.
void Dispatcher::split_verbatim(std::string_view line, std::size_t words) {
  FirstWord next{.word = {}, .rest = line, .has_rest = true};
  while (next.has_rest && words_.size() + 1 < words) {
    next = split_first_word(next.rest);
    if (next.word.empty()) return;  // blanks at the end
    words_.push_back(next.word);
  }
  if (next.has_rest) words_.push_back(next.rest);
}

CommandEntry* Dispatcher::find_allowed(const Connection& connection, std::string_view name) const {
  CommandEntry* entry = commands_.find(name);
  if (entry == nullptr) return nullptr;
  return connection.policy().allowed_commands.has(entry->spec->command_class) ? entry : nullptr;
}

ServeResult Dispatcher::dispatch(Connection& connection, Words words, CommandEntry* entry,
                                 ReplyWriter& reply, Buffer& out) {
  if (entry == nullptr) {
    reject_unknown(words, reply);
    return ServeResult::replied;
  }
  if (!entry->subcommands.empty() && words.size() > 1) {
    entry = find_subcommand(connection, *entry, words, reply);
    if (entry == nullptr) return ServeResult::replied;
  }
  const Words arguments = words.subspan(entry->words);
  const CommandSpec& spec = *entry->spec;
  if (arguments.size() < spec.min_arguments || arguments.size() > spec.max_arguments) {
    reject_arity(*entry, reply);
    return ServeResult::replied;
  }
  connection.set_last_command(&entry->full_name);
  return call(connection, *entry, {spec, words, arguments}, reply, out);
}

/// Null if there is none; that was answered.
CommandEntry* Dispatcher::find_subcommand(const Connection& connection, const CommandEntry& command,
                                          Words words, ReplyWriter& reply) {
  CommandEntry* sub = CommandTable::find_subcommand(command, words[1]);
  if (sub != nullptr && connection.policy().allowed_commands.has(sub->spec->command_class))
    return sub;
  reject_unknown_subcommand(command, words, reply);
  return nullptr;
}

ServeResult Dispatcher::call(Connection& connection, CommandEntry& entry, const Request& request,
                             ReplyWriter& reply, Buffer& out) {
  start_timing(entry);
  ++entry.stats.calls;
  context_.begin(connection, entry);
  pending_.begin_call(connection, is_silent_);
  const HandlerResult result = call_handler(entry, request, reply, out);
  const PendingReplies::Outcome outcome = pending_.end_call(out);
  if (result == HandlerResult::replied && outcome == PendingReplies::Outcome::none &&
      reply.wrote_one_good()) [[likely]]
    return ServeResult::replied;
  return judge_call(connection, entry, {result, outcome}, reply, out);
}

/// What is rare: promises, errors, the connection's end, and handlers that break the rules.
ServeResult Dispatcher::judge_call(Connection& connection, CommandEntry& entry, CallEnd end,
                                   ReplyWriter& reply, Buffer& out) {
  const auto [result, outcome] = end;
  const bool wrote_one = reply.replies() == 1 && reply.balanced();
  const bool wrote_none = reply.replies() == 0 && reply.balanced();
  if (reply.wrote_error()) ++entry.stats.failed;
  if (result == HandlerResult::pending && wrote_none) {
    if (outcome == PendingReplies::Outcome::open) return ServeResult::pending;
    if (outcome == PendingReplies::Outcome::kept) return ServeResult::replied;
  }
  if (result != HandlerResult::pending && wrote_one && outcome == PendingReplies::Outcome::none)
    return serve_result_of(result);
  events_.record(Event::handler_broke_rules,
                 {{"handler", std::string(entry.handler_name)}, {"command", entry.full_name}});
  pending_.forget(connection.id());
  replace_reply(reply, out, "ERR internal error: the handler wrote no proper reply");
  return ServeResult::replied;
}

HandlerResult Dispatcher::call_handler(CommandEntry& entry, const Request& request,
                                       ReplyWriter& reply, Buffer& out) {
  try {
    return entry.handler->handle(request, reply, context_);
  } catch (const std::exception& exception) {
    record_throw(entry, exception.what());
  } catch (...) {
    record_throw(entry, "unknown exception");
  }
  replace_reply(reply, out, "ERR internal error: the handler failed; the server's log says why");
  return HandlerResult::replied;
}

void Dispatcher::record_throw(const CommandEntry& entry, std::string_view problem) {
  events_.record(Event::handler_threw, {{"handler", std::string(entry.handler_name)},
                                        {"command", entry.full_name},
                                        {"problem", std::string(problem)},
                                        {"peer", context_.peer()}});
}

/// Throws away what a call has written and answers with `error` instead.
void Dispatcher::replace_reply(ReplyWriter& reply, Buffer& out, std::string_view error) {
  take_back(out, call_mark_);
  reply.restart();
  reply.error(error);
}

void Dispatcher::on_connection_end(Connection& connection) noexcept {
  pending_.forget(connection.id());
  context_.forget(connection.id());
}

// --- errors ------------------------------------------------------------------------------------

/// Redis' own text, on which clients match.
void Dispatcher::reject_unknown(Words words, ReplyWriter& reply) {
  std::string shown;
  for (const std::string_view word : words.subspan(1)) {
    if (shown.size() >= kMaxShownBytes) break;
    shown += fmt::format("'{}' ", word.substr(0, kMaxShownBytes - shown.size()));
  }
  reply.error(fmt::format("ERR unknown command '{}', with args beginning with: {}",
                          words.front().substr(0, kMaxShownBytes), shown));
}

void Dispatcher::reject_unknown_subcommand(const CommandEntry& command, Words words,
                                           ReplyWriter& reply) {
  reply.error(fmt::format("ERR unknown subcommand '{}'. Try {} HELP.",
                          words[1].substr(0, kMaxShownBytes), upper_case(command.full_name)));
}

void Dispatcher::reject_arity(CommandEntry& entry, ReplyWriter& reply) {
  ++entry.stats.rejected;
  std::string error =
      fmt::format("ERR wrong number of arguments for '{}' command", entry.full_name);
  if (entry.spec->rest_of_line) error += "; put a message of several words in quotes";
  reply.error(error);
}

void Dispatcher::count_error(std::string_view written) {
  if (written.starts_with('-'))
    written.remove_prefix(1);
  else if (written.starts_with(kPlainErrorMark))
    written.remove_prefix(kPlainErrorMark.size());
  const std::string_view code = written.substr(0, written.find(' '));
  const auto found = errors_.find(code);
  if (found != errors_.end())
    ++found->second;
  else if (errors_.size() < kMaxErrorCodes)
    errors_.emplace(code, 1);
}

/// The mode in which a request is answered. SKIP counts for this one: a second SKIP begins anew.
ReplyMode Dispatcher::begin_reply_mode(Session& session) {
  const ReplyMode mode = session.reply_mode();
  if (mode == ReplyMode::skip_next) session.set_reply_mode(ReplyMode::on);
  is_silent_ = mode != ReplyMode::on;
  return mode;
}

/// CLIENT REPLY: OFF and SKIP themselves get no reply either, ON does.
void Dispatcher::apply_reply_mode(ReplyMode before, ReplyMode now, Buffer& out, std::size_t mark) {
  const bool is_skipped = before == ReplyMode::skip_next;
  if (is_skipped || now != ReplyMode::on) take_back(out, mark);
}

void Dispatcher::take_back(Buffer& out, std::size_t mark) {
  out.truncate(mark);
  borrowed_->truncate(mark);
}

// --- time --------------------------------------------------------------------------------------

void Dispatcher::start_timing(CommandEntry& entry) {
  if (timed_ == &entry) return;
  const TimePoint now = clock_.now();
  if (timed_ != nullptr) timed_->stats.time += now - timed_since_;
  timed_ = &entry;
  timed_since_ = now;
}

void Dispatcher::stop_timing() {
  if (timed_ == nullptr) return;
  timed_->stats.time += clock_.now() - timed_since_;
  timed_ = nullptr;
}

}  // namespace reactord
