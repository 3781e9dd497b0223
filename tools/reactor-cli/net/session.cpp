// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/net/session.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "tools/reactor-cli/command_line/duration.h"
#include "tools/reactor-cli/command_line/failure.h"

namespace reactord::cli {

Session::Session(const Options& options)
    : options_(options),
      connection_(options.endpoints, options.timeout, options.tls),
      dialect_(Dialect::make(options.framing)) {
  if (!endpoint().password.empty()) log_in();
  if (options.push) ask_for_pushes();
}

void Session::log_in() {
  std::vector<std::string_view> words{"AUTH", endpoint().user, endpoint().password};
  if (endpoint().user.empty()) words.erase(words.begin() + 1);
  static_cast<void>(dialect_->write_words(output_, words));
  const Reply reply = exchange(deadline_in(options_.timeout));
  if (reply.kind != Reply::Kind::error) return;
  const std::string_view what = reply.text.starts_with("WRONGPASS")
                                    ? "refused the password"
                                    : "does not log in by the password";
  throw Failure(ExitCode::server_error, fmt::format("{} {} of REACTORCLI_AUTH or --uri: {}",
                                                    to_string(endpoint()), what, reply.text));
}

void Session::ask_for_pushes() {
  static_cast<void>(dialect_->write_words(output_, std::array<std::string_view, 2>{"HELLO", "3"}));
  const Reply reply = exchange(deadline_in(options_.timeout));
  if (reply.kind != Reply::Kind::error) return;
  throw Failure(ExitCode::server_error,
                fmt::format("--push needs RESP3, and {} refuses HELLO 3: {}", to_string(endpoint()),
                            reply.text));
}

void Session::send_some() {
  while (!output_.empty()) {
    std::size_t sent = 0;
    const Moved result = connection_.write(output_.view(), sent);
    if (result == Moved::none) return;
    if (result != Moved::some) return output_.release();
    output_.consume(sent);
  }
  if (finishing_) connection_.finish_writing();
  finishing_ = false;
}

void Session::finish_when_sent() {
  finishing_ = true;
  send_some();
}

Reply Session::exchange(Deadline deadline) {
  if (deadline && Clock::now() > *deadline) fail_timed_out();
  if (std::optional<Reply> reply = wait_for_reply(deadline)) return std::move(*reply);
  if (ended_) fail_ended(1);
  fail_timed_out();
}

std::optional<Reply> Session::next_reply() {
  std::size_t consumed = 0;
  const ReplyStatus status = dialect_->parse(unparsed_, consumed);
  unparsed_.remove_prefix(consumed);
  switch (status) {
    case ReplyStatus::reply:
      return dialect_->take();
    case ReplyStatus::error:
      fail_protocol();
    case ReplyStatus::need_more:
      break;
  }
  if (connection_.has_more() && !ended_) {
    receive_some();
    return next_reply();
  }
  if (ended_ && dialect_->parse_end()) return dialect_->take();
  return std::nullopt;
}

void Session::receive_some() {
  std::size_t received = 0;
  const Moved result = connection_.read(input_, received);
  unparsed_ = {input_.data(), received};
  ended_ = result == Moved::closed || result == Moved::reset;
  reset_ = result == Moved::reset;
}

std::optional<Reply> Session::wait_for_reply(Deadline deadline) {
  while (true) {
    send_some();
    if (std::optional<Reply> reply = next_reply()) return reply;
    if (ended_) return std::nullopt;
    Readiness wanted;
    wanted.readable = true;
    wanted.writable = !output_.empty();
    const Readiness ready = connection_.wait(wanted, deadline);
    if (!ready.any()) return std::nullopt;
    if (ready.readable) receive_some();
  }
}

void Session::fail_timed_out() const {
  if (dialect_->is_lost_at_end()) fail_protocol();
  throw Failure(ExitCode::timed_out,
                fmt::format("no {}answer from {} within {}; wait longer with --timeout",
                            dialect_->between_replies() ? "" : "complete ",
                            to_string(connection_.endpoint()), format_duration(options_.timeout)));
}

void Session::fail_ended(std::size_t owed) const {
  if (dialect_->is_lost_at_end()) fail_protocol();
  const std::string_view how = reset_ ? "reset" : "closed";
  const std::string where = to_string(connection_.endpoint());
  if (!dialect_->between_replies()) {
    throw Failure(ExitCode::protocol_broken,
                  fmt::format("{} {} the connection in the middle of an answer; its log may say "
                              "why",
                              where, how));
  }
  throw Failure(ExitCode::protocol_broken,
                fmt::format("{} {} the connection with {} request{} unanswered; its log may say "
                            "why",
                            where, how, owed, owed == 1 ? "" : "s"));
}

void Session::fail_unasked() const {
  throw Failure(ExitCode::protocol_broken,
                fmt::format("{} sent an answer that no request asked for{}",
                            to_string(connection_.endpoint()),
                            options_.framing == Framing::resp && !options_.push
                                ? "; push messages need --push"
                                : ""));
}

void Session::fail_closed() const {
  throw Failure(ExitCode::protocol_broken,
                fmt::format("{} {} the connection", to_string(connection_.endpoint()),
                            reset_ ? "reset" : "closed"));
}

void Session::fail_protocol() const {
  const std::string_view advice =
      options_.framing == Framing::resp
          ? "; if it does not speak RESP, try --framing line or --framing raw"
          : "; try --framing raw";
  throw Failure(ExitCode::protocol_broken,
                fmt::format("{} broke the protocol: {}{}", to_string(connection_.endpoint()),
                            dialect_->error(), advice));
}

}  // namespace reactord::cli
