// SPDX-License-Identifier: MIT
// What the access log is told of requests: of those that are run, and of those that are refused.
#include <algorithm>
#include <memory>
#include <utility>

#include "daemon/dispatch/dispatcher.h"
#include "daemon/reactor/out_of_memory.h"
#include "daemon/records/request_feed.h"
#include "daemon/records/shown_words.h"

namespace reactord {

namespace {

/// Of the arguments of one request, as people read them.
constexpr std::size_t kMaxArgumentBytes = 200;

std::string shown_arguments(std::span<const std::string_view> words, std::size_t name_words,
                            Secrets secrets) {
  const std::size_t secret = first_secret(words, name_words, secrets);
  std::string text;
  for (std::size_t i = name_words; i < words.size() && text.size() < kMaxArgumentBytes; ++i) {
    if (!text.empty()) text += ' ';
    append_quoted(text, i < secret ? words[i] : ShortWords::kRedacted,
                  kMaxArgumentBytes - std::min(text.size(), kMaxArgumentBytes));
  }
  return text;
}

std::size_t borrowed_bytes(const ReplyDraft& draft) {
  return draft.borrowed == nullptr ? 0 : draft.borrowed->bytes();
}

/// "ERR" of "-ERR no such thing", in whichever encoding.
std::string_view code_of(const ErrorStats& errors, const Connection& connection,
                         const ReplyDraft& draft) {
  return draft.writer.wrote_error() ? errors.code_of(connection.figures().latest_error())
                                    : std::string_view();
}

}  // namespace

RequestRecord Dispatcher::record_of(Connection& connection, std::string_view command) const {
  const Session& session = connection.session();
  const std::string* listener = connection.policy().listener;
  return {.peer = connection.stream().peer(),
          .client = connection.client_id(),
          .client_name = std::string(session.name()),
          .user = std::string(session.user()),
          .listener = listener == nullptr ? std::string() : *listener,
          .command = std::string(command),
          .traceparent = std::string(session.traceparent()),
          .bytes_in = connection.policy().loop_context.frame.bytes,
          .began = guard_.now()};
}

/// It is timed by itself.
Dispatcher::LoggedCall Dispatcher::begin_logged(Connection& connection, const CommandEntry& entry,
                                                Words words, const ReplyDraft& draft) {
  timing_.stop();
  LoggedCall call{record_of(connection, entry.full_name), borrowed_bytes(draft)};
  if (events_.shows_arguments())
    call.record.arguments = shown_arguments(words, entry.words, entry.spec->secrets);
  return call;
}

/// A reply that comes later is told then.
void Dispatcher::end_logged(Connection& connection, LoggedCall call, ServeResult result,
                            const ReplyDraft& draft) {
  if (result == ServeResult::pending || result == ServeResult::overlapping)
    return pending_.log_when_answered(connection.id(), std::move(call.record));
  const std::size_t bytes = draft.written().size() + borrowed_bytes(draft) - call.borrowed;
  log_request(events_, call.record, bytes, guard_.now(), code_of(errors_, connection, draft));
}

/// It was not run: there is no such command, or not for this client, or not in this way.
void Dispatcher::log_refused(Connection& connection, Words words, const ReplyDraft& draft) {
  if (!events_.takes_request()) return;
  (void)has_memory_for([&] {
    const RequestRecord record =
        record_of(connection, words.empty() ? std::string_view() : words.front());
    log_request(events_, record, draft.written().size(), guard_.now(),
                code_of(errors_, connection, draft));
  });
}

}  // namespace reactord
