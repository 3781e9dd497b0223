// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/one_shot.h"

#include <chrono>
#include <string_view>
#include <thread>
#include <vector>

#include "protocol/words.h"

namespace reactord::cli {
namespace {

// Long enough for a server that has more lines ready, short enough for one that has none and keeps
// the connection open.
constexpr std::chrono::milliseconds kSilence{200};
// A server that never falls silent is left.
constexpr std::chrono::milliseconds kLongestRest{2000};

// Anything received between two requests would be taken for the answer to the second.
void expect_silence(Session& session, Printer& printer) {
  while (const std::optional<Reply> reply = session.next_reply()) {
    if (reply->kind != Reply::Kind::push && !session.dialect().may_say_more()) {
      session.fail_unasked();
    }
    printer.print(*reply);
  }
}

Reply ask(Session& session, const std::vector<std::string_view>& words, Deadline deadline,
          Printer& printer) {
  if (!session.dialect().write_words(session.output(), words)) {
    throw Failure(ExitCode::usage, "with --framing line, a request is one line that is not blank");
  }
  while (true) {
    Reply reply = session.exchange(deadline);
    if (reply.kind != Reply::Kind::push) return reply;
    printer.print(reply);
  }
}

// MONITOR, whose answer goes on until somebody ends it.
bool goes_on(const Options& options) {
  return options.framing == Framing::resp && options.command.size() == 1 &&
         same_word(options.command.front(), "monitor");
}

void print_until_closed(Session& session, Printer& printer) {
  while (const std::optional<Reply> reply = session.wait_for_reply({})) {
    printer.print(*reply);
    printer.output().flush();
  }
  session.fail_closed();
}

}  // namespace

ExitCode run_one_shot(const Options& options, Printer& printer) {
  Session session(options);
  const std::vector<std::string_view> words(options.command.begin(), options.command.end());
  const Shape shape = shape_of(std::span<const std::string_view>(words));
  ExitCode code = ExitCode::success;
  const bool is_endless = goes_on(options);
  for (std::uint64_t i = 0; i < (is_endless ? 1 : options.repeat); ++i) {
    if (i > 0) std::this_thread::sleep_for(options.interval);
    expect_silence(session, printer);
    const Reply reply = ask(session, words, deadline_in(options.timeout), printer);
    if (!printer.print(reply, shape)) code = ExitCode::server_error;
    printer.output().flush();
  }
  if (is_endless && code == ExitCode::success) print_until_closed(session, printer);
  if (session.dialect().may_say_more()) print_rest(session, printer);
  if (options.push) print_pushes(session, printer);
  return code;
}

void print_pushes(Session& session, Printer& printer) {
  while (const std::optional<Reply> reply = session.wait_for_reply({})) {
    if (reply->kind != Reply::Kind::push) session.fail_unasked();
    printer.print(*reply);
    printer.output().flush();
  }
  session.fail_closed();
}

void print_rest(Session& session, Printer& printer) {
  session.connection().finish_writing();
  const Deadline last = deadline_in(kLongestRest);
  while (const std::optional<Reply> reply = session.wait_for_reply(deadline_in(kSilence))) {
    printer.print(*reply);
    if (Clock::now() > *last) break;
  }
  printer.output().flush();
}

}  // namespace reactord::cli
