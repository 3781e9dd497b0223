// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/operator/chat.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/escape.h"
#include "tools/reactor-cli/net/session.h"
#include "tools/reactor-cli/operator/console.h"
#include "tools/reactor-cli/output/render.h"

namespace reactord::cli {
namespace {

// Of a server whose answers have no end: whether more of one is to come.
constexpr std::chrono::milliseconds kSilence{200};
constexpr std::size_t kMaxOwed = 1000;  // as many as a batch has in flight
constexpr std::size_t kMaxUnsentBytes = 1u << 20;
constexpr std::size_t kQuotedBytes = 24;  // of a line, to tell it from others

std::string count_of(std::size_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

class Chat final : public Conversation {
 public:
  Chat(const Options& options, Screen& screen)
      : options_(options),
        screen_(screen),
        style_{screen.is_terminal(), screen.has_color(), options.framing == Framing::line} {}

  // --- the connection

  void connect() override { session_.emplace(options_); }
  Session* session() override { return session_ ? &*session_ : nullptr; }

  Deadline deadline() const override { return silence_ ? silence_ : overdue_; }

  void on_overdue() override {
    if (!silence_) session_->fail_timed_out();
    silence_.reset();
    settled_ = true;
  }

  void on_reply(Reply reply) override {
    if (reply.kind == Reply::Kind::push) return;
    // A server that is full says so unasked.
    const bool refusal = reply.kind == Reply::Kind::error;
    if (owed_.empty() && !refusal && !session_->dialect().may_say_more()) session_->fail_unasked();
    show(reply);
    if (!owed_.empty()) owed_.pop_front();
    on_progress();
  }

  void on_ended() override {
    if (!owed_.empty()) session_->fail_ended(owed_.size());
    silence_.reset();
    settled_ = true;
    if (!ending_ && screen_.is_terminal()) {
      screen_.message(fmt::format("{} closed the connection; the next line connects again",
                                  to_string(session_->endpoint())));
    }
    session_.reset();
  }

  void on_lost(const Failure& failure) override {
    screen_.error(failure.what());
    code_ = failure.code();
    session_.reset();
    owed_.clear();
    overdue_.reset();
    silence_.reset();
    settled_ = true;
  }

  // --- lines

  void on_typing(std::string_view) override {}

  std::string prompt() const override {
    if (ending_) return fmt::format("{} to come> ", count_of(owed_.size(), "answer"));
    if (!session_) return "not connected> ";
    const std::string where = escaped(to_string(session_->endpoint()));
    if (owed_.empty()) return where + "> ";
    return fmt::format("{}, {} unanswered> ", where, owed_.size());
  }

  Completion complete(std::string_view) const override { return {}; }

  LineFate on_line(std::string_view line) override {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return LineFate::taken;
    if (ending_) {
      screen_.message("nothing more can be sent; Ctrl-D leaves without the answers");
      return LineFate::taken;
    }
    if (!session_) connect_again();
    send(line);
    return LineFate::taken;
  }

  void on_end_of_lines(bool person) override {
    leaving_ = ending_;
    ending_ = true;
    if (!session_) return;
    if (person && !owed_.empty()) {
      screen_.message(
          fmt::format("nothing more is sent; waiting for {} (Ctrl-D again leaves at "
                      "once)",
                      count_of(owed_.size(), "answer")));
    }
    // Many servers take it for the client's death: with answers owed, only on request.
    if (person || owed_.empty()) session_->finish_when_sent();
    settled_ = person || !session_->dialect().may_say_more();
    if (owed_.empty() && !settled_) silence_ = deadline_in(kSilence);
  }

  void on_interrupt() override { leaving_ = ending_; }

  bool wants_line() const override {
    if (one_at_a_time() && (!owed_.empty() || silence_)) return false;
    const bool has_room = !session_ || session_->unsent_bytes() < kMaxUnsentBytes;
    return !ending_ && owed_.size() < kMaxOwed && has_room;
  }

  bool done() const override {
    return leaving_ || (ending_ && owed_.empty() && (settled_ || !session_));
  }
  ExitCode code() const override { return code_; }

 private:
  // Two lines in one receive would be one message; a person is slow enough.
  [[nodiscard]] bool one_at_a_time() const {
    return options_.framing == Framing::raw && !screen_.is_terminal();
  }

  void connect_again() {
    connect();
    code_ = ExitCode::success;
    if (screen_.is_terminal()) screen_.message("connected again");
  }

  void send(std::string_view line) {
    Dialect& dialect = session_->dialect();
    if (options_.framing == Framing::resp) {
      static_cast<void>(
          dialect.write_words(session_->output(), std::array<std::string_view, 2>{"TEXT", line}));
    } else {
      static_cast<void>(dialect.write_line(session_->output(), line));
    }
    if (owed_.empty() && options_.timeout_given) overdue_ = deadline_in(options_.timeout);
    owed_.emplace_back(line);
  }

  void on_progress() {
    const bool waits = !owed_.empty() && options_.timeout_given;
    overdue_ = waits ? deadline_in(options_.timeout) : Deadline();
    if (one_at_a_time() || (ending_ && owed_.empty() && !settled_)) {
      silence_ = deadline_in(kSilence);
    }
  }

  void show(const Reply& reply) {
    std::string shown;
    if (options_.json) {
      render_json(reply, style_.terminal, shown);
    } else if (reply.kind == Reply::Kind::error) {
      return show_error(reply);
    } else {
      render(reply, style_, shown);
      shown.insert(0, question());
    }
    screen_.show(shown);
  }

  void show_error(const Reply& reply) {
    if (!screen_.is_terminal()) code_ = ExitCode::server_error;
    screen_.error(question() + reply.text);
  }

  // Which line this is the answer to, where that is not plain.
  [[nodiscard]] std::string question() const {
    if (!screen_.is_terminal() || owed_.size() < 2) return "";
    return fmt::format("to \"{}\": ", escaped(owed_.front(), kQuotedBytes));
  }

  const Options& options_;
  Screen& screen_;
  Style style_;
  std::optional<Session> session_;
  std::deque<std::string> owed_;  ///< the lines without an answer yet
  Deadline overdue_;              ///< of the first of them, where there is a limit
  Deadline silence_;              ///< when a server that may say more has said it
  bool ending_ = false;           ///< no more lines come
  bool settled_ = false;          ///< and the server has nothing more to say
  bool leaving_ = false;
  ExitCode code_ = ExitCode::success;
};

}  // namespace

ExitCode run_chat(const Options& options, Output& output) {
  return run_console([&options](Screen& screen) { return std::make_unique<Chat>(options, screen); },
                     output);
}

}  // namespace reactord::cli
