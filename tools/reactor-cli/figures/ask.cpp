// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/figures/ask.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/net/interrupt.h"

namespace reactord::cli {
namespace {

/// A signal that comes just before poll(2) does not end it: as often the flag is looked at.
constexpr std::chrono::milliseconds kGlance{100};

}  // namespace

Reply ask(Session& session, Words words, std::chrono::milliseconds timeout) {
  static_cast<void>(session.dialect().write_words(session.output(), words));
  const Deadline deadline = deadline_in(timeout);
  while (true) {
    Reply reply = session.exchange(deadline);
    if (reply.kind != Reply::Kind::push) return reply;
  }
}

std::optional<std::string> ask_text(Session& session, Words words,
                                    std::chrono::milliseconds timeout) {
  Reply reply = ask(session, words, timeout);
  if (reply.kind != Reply::Kind::text && reply.kind != Reply::Kind::status) return std::nullopt;
  return std::move(reply.text);
}

Figures ask_info(Session& session, std::chrono::milliseconds timeout) {
  const Reply reply = ask(session, std::array<std::string_view, 1>{"INFO"}, timeout);
  if (reply.kind == Reply::Kind::text || reply.kind == Reply::Kind::status)
    return Figures::from_info(reply.text);
  throw Failure(ExitCode::server_error,
                fmt::format("{} does not tell its figures: INFO answered: {}; with --admin, or as "
                            "a user who may, they can be asked for",
                            to_string(session.endpoint()), reply.text));
}

Figures ask_command_stats(Session& session, std::chrono::milliseconds timeout) {
  const auto text =
      ask_text(session, std::array<std::string_view, 2>{"INFO", "commandstats"}, timeout);
  return text ? Figures::from_info(*text) : Figures();
}

void wait_until(Session& session, Clock::time_point when) {
  do {
    if (take_interrupt()) throw Interrupted{};
    static_cast<void>(session.connection().wait({}, std::min(when, Clock::now() + kGlance)));
  } while (Clock::now() < when);
}

}  // namespace reactord::cli
