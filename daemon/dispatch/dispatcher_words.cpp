// SPDX-License-Identifier: MIT
// What a frame asks for: its words, the command that they name, and the error where there is none.
// What becomes of the command is in dispatcher.cpp.
#include <fmt/format.h>

#include "daemon/dispatch/dispatcher.h"
#include "protocol/words.h"

namespace reactord {

namespace {

/// As much of an unknown command, and of its arguments, as Redis repeats in its error.
constexpr std::size_t kMaxShownBytes = 128;
/// So many words of a line are a unit of work: a line may have ten thousands of them.
constexpr std::size_t kWordsPerUnit = 32;
/// Redis' own text.
constexpr std::string_view kNoAuth = "NOAUTH Authentication required.";
constexpr std::string_view kNoCertificate =
    "NOAUTH this listener wants a certificate with the name of one of its users";
constexpr std::string_view kTelnet =
    "ERR this is telnet's negotiation, which nobody speaks here: choose a raw connection (in PuTTY "
    "the type Raw), or take reactor-cli or nc; your next line is read";

/// For whoever asks at the wrong listener.
std::string_view where_allowed(const CommandEntry* entry) {
  if (entry == nullptr) return {};
  switch (entry->spec->command_class) {
    case CommandClass::public_:
      break;
    case CommandClass::introspection:
      return "(it takes a listener that allows introspection)";
    case CommandClass::admin:
      return "(it takes an admin listener: reactor-cli --admin)";
  }
  return {};
}

}  // namespace

// --- words -------------------------------------------------------------------------------------

Dispatcher::Parsed Dispatcher::parse(const Connection& connection, const Frame& frame,
                                     ReplyDraft& draft) {
  if (frame.kind == FrameKind::array) [[likely]]
    return {frame.arguments, find_allowed(connection, frame.arguments.front())};
  return parse_unframed(connection, frame.payload, draft);
}

Dispatcher::Parsed Dispatcher::parse_unframed(const Connection& connection,
                                              std::string_view payload, ReplyDraft& draft) {
  words_.clear();
  CommandEntry* bound = connection.policy().bound_command;
  if (bound == nullptr) return split_line(connection, payload, draft);
  words_ = {bound->spec->name, payload};
  return {words_, bound};
}

Dispatcher::Parsed Dispatcher::split_line(const Connection& connection, std::string_view line,
                                          ReplyDraft& draft) {
  const FirstWord first = split_first_word(line);
  CommandEntry* entry = find_allowed(connection, first.word);
  if (const CommandEntry* verbatim = find_verbatim(entry, first)) {
    split_verbatim(line, verbatim->words + verbatim->spec->max_arguments);
    return {words_, entry};
  }
  if (!decoded_.empty()) timing_.stop();  // it may know of words in there
  const std::size_t max_words = connection.policy().loop_context.parser_limits.max_arguments;
  switch (split_inline(line, max_words, words_, decoded_)) {
    case SplitStatus::ok:
      connection.policy().loop_context.charge(
          static_cast<WorkUnits>(words_.size() / kWordsPerUnit));
      break;
    case SplitStatus::unbalanced_quotes:
      draft.writer.error(
          has_telnet_command(line) ? kTelnet : "ERR Protocol error: unbalanced quotes in request");
      return {};
    case SplitStatus::too_many_arguments:
      draft.writer.error("ERR Protocol error: too many arguments in one line");
      return {};
  }
  // A line of blanks is ignored, as Redis does. "ping" may stand in quotes.
  if (entry == nullptr && !words_.empty()) entry = find_allowed(connection, words_.front());
  if (entry == nullptr && has_telnet_command(line)) [[unlikely]] {
    draft.writer.error(kTelnet);
    return {};
  }
  return {words_, entry};
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
  return entry != nullptr && is_allowed(connection, *entry) ? entry : nullptr;
}

/// The command, or subcommand, that is to be called; null if there is none: that was answered.
CommandEntry* Dispatcher::resolve(Connection& connection, const Parsed& request,
                                  ReplyDraft& draft) {
  CommandEntry* entry = request.entry;
  const bool has_principal = connection.session().has_principal();
  if (has_principal && connection.session().must_log_in() && refuses(connection, entry, draft))
    return nullptr;
  if (entry == nullptr) [[unlikely]] {
    reject_unknown(connection, request.words, draft);
    return nullptr;
  }
  if (!entry->subcommands.empty() && request.words.size() > 1) {
    entry = find_subcommand(connection, *entry, request.words, draft);
    if (entry == nullptr) return nullptr;
  }
  if (has_principal && refuses(connection, entry, draft)) return nullptr;
  const std::size_t arguments = request.words.size() - entry->words;
  if (arguments < entry->spec->min_arguments || arguments > entry->spec->max_arguments)
      [[unlikely]] {
    reject_arity(*entry, arguments, draft);
    return nullptr;
  }
  return entry;
}

/// Null if there is none; that was answered.
CommandEntry* Dispatcher::find_subcommand(const Connection& connection, const CommandEntry& command,
                                          Words words, ReplyDraft& draft) {
  CommandEntry* sub = CommandTable::find_subcommand(command, words[1]);
  if (sub != nullptr && is_allowed(connection, *sub)) return sub;
  reject_unknown_subcommand(command, words, draft);
  return nullptr;
}

bool Dispatcher::refuses(const Connection& connection, const CommandEntry* entry,
                         ReplyDraft& draft) {
  const Principal& who = *connection.session().principal();
  if (entry != nullptr && who.may_run(entry->number)) return false;
  switch (who.kind) {
    case Principal::Kind::user:
      draft.writer.error(fmt::format("NOPERM User {} has no permissions to run the '{}' command",
                                     who.name, entry->full_name));
      break;
    case Principal::Kind::nobody:
      draft.writer.error(kNoAuth);
      break;
    case Principal::Kind::stranger:
      draft.writer.error(kNoCertificate);
      break;
  }
  return true;
}

// --- errors ------------------------------------------------------------------------------------

/// Redis' own text, on which clients match.
void Dispatcher::reject_unknown(Connection& connection, Words words, ReplyDraft& draft) {
  timing_.start(commands_.unknown(), words.first(1));
  ++commands_.unknown().stats.calls;
  context_.begin(connection, commands_.unknown());
  std::string shown;
  for (const std::string_view word : words.subspan(1)) {
    if (shown.size() >= kMaxShownBytes) break;
    shown += fmt::format("'{}' ", word.substr(0, kMaxShownBytes - shown.size()));
  }
  draft.writer.error(fmt::format("ERR unknown command '{}', with args beginning with: {}{}",
                                 words.front().substr(0, kMaxShownBytes), shown,
                                 where_allowed(commands_.find(words.front()))));
}

void Dispatcher::reject_unknown_subcommand(const CommandEntry& command, Words words,
                                           ReplyDraft& draft) {
  const std::string_view where = where_allowed(CommandTable::find_subcommand(command, words[1]));
  draft.writer.error(fmt::format("ERR unknown subcommand '{}'. Try {} HELP.{}{}",
                                 words[1].substr(0, kMaxShownBytes), upper_case(command.full_name),
                                 where.empty() ? "" : " ", where));
}

void Dispatcher::reject_arity(CommandEntry& entry, std::size_t arguments, ReplyDraft& draft) {
  ++entry.stats.rejected;
  const CommandSpec& spec = *entry.spec;
  std::string problem = fmt::format("wrong number of arguments for '{}' command", entry.full_name);
  const bool is_repeated = spec.synopsis.find("...") != std::string_view::npos;
  if (arguments > spec.max_arguments && is_repeated)  // a bound that the synopsis does not show
    problem += fmt::format("; it takes at most {}, not {}", spec.max_arguments, arguments);
  if (spec.rest_of_line) problem += "; put a message of several words in quotes";
  // As in Redis, an EXEC that cannot be run gives the transaction up, whether there is one or not.
  draft.writer.error(executes(&entry) ? "EXECABORT Transaction discarded because of: " + problem
                                      : "ERR " + problem);
}

}  // namespace reactord
