// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/operator/console.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "protocol/escape.h"
#include "tools/reactor-cli/terminal/input_lines.h"
#include "tools/reactor-cli/terminal/line_editor.h"
#include "tools/reactor-cli/terminal/terminal_wait.h"

namespace reactord::cli {
namespace {

// Takes what has come, or nothing where the deadline has passed.
void exchange(Conversation& talk, Readiness ready) {
  Session& session = *talk.session();
  session.send_some();
  if (ready.readable) session.receive_some();
  while (std::optional<Reply> reply = session.next_reply()) talk.on_reply(std::move(*reply));
  if (session.ended()) return talk.on_ended();
  const Deadline deadline = talk.deadline();
  if (deadline && Clock::now() >= *deadline) talk.on_overdue();
}

Background::Watched watch(Conversation& talk) {
  Session* session = talk.session();
  if (session == nullptr) return {};
  return {session->connection().descriptor(), session->unsent_bytes() > 0, talk.deadline()};
}

std::string safe(std::string_view text) {
  Buffer shown;
  append_error_text(shown, text);
  return std::string(shown.view());
}

// --- at a terminal

class Terminal final : public Background, public Screen {
 public:
  Terminal(const MakeConversation& make, const Output& output)
      : color_(output.has_color()),
        talk_(make(*this)),
        editor_([this](std::string_view before) { return talk_->complete(before); }, "") {}

  ExitCode run() {
    catch_terminal_signals();
    talk_->connect();
    std::string line;
    while (!talk_->done()) {
      switch (editor_.read(*this, line)) {
        case LineResult::line:
          take(line);
          break;
        case LineResult::interrupted:
          talk_->on_interrupt();
          line.clear();
          break;
        case LineResult::end:
          show("\n");
          guarded([this] { talk_->on_end_of_lines(true); });
          line.clear();
          break;
        case LineResult::left:
          break;
      }
    }
    return talk_->code();
  }

  // --- Background

  std::string prompt(std::string_view typed) override {
    talk_->on_typing(typed);
    return talk_->prompt();
  }

  Watched watched() override {
    if (talk_->session() != nullptr) talk_->session()->send_some();
    Watched watched = watch(*talk_);
    const Deadline change = talk_->next_prompt();
    if (change && (!watched.deadline || *change < *watched.deadline)) watched.deadline = change;
    return watched;
  }

  bool on_ready(Readiness ready) override {
    guarded([&] {
      if (talk_->session() != nullptr) exchange(*talk_, ready);
    });
    return !talk_->done();
  }

  // --- Screen

  bool is_terminal() const override { return true; }
  bool has_color() const override { return color_; }
  void show(std::string_view lines) override { editor_.show(lines); }
  void error(std::string_view text) override {
    editor_.show(color_ ? "\x1b[31m" + safe(text) + "\x1b[0m\n" : safe(text) + '\n');
  }
  void message(std::string_view text) override { editor_.show(safe(text) + '\n'); }

 private:
  // Leaves in `line` what is to be edited further.
  void take(std::string& line) {
    editor_.remember(line);
    LineFate fate = LineFate::kept;
    guarded([&] { fate = talk_->on_line(line); });
    if (fate == LineFate::taken) line.clear();
  }

  template <typename Action>
  void guarded(Action&& action) {
    try {
      action();
    } catch (const Failure& failure) {
      talk_->on_lost(failure);
    } catch (const Interrupted&) {
      talk_->on_lost(Failure(ExitCode::timed_out, "interrupted"));
    }
  }

  bool color_;
  std::unique_ptr<Conversation> talk_;
  LineEditor editor_;
};

// --- in a pipe

class Pipe final : public Screen {
 public:
  Pipe(const MakeConversation& make, Output& output) : output_(output), talk_(make(*this)) {}

  ExitCode run() {
    talk_->connect();
    while (!talk_->done()) {
      take_lines();
      if (talk_->session() != nullptr) exchange(*talk_, std::exchange(ready_, {}));
      output_.flush();
      if (talk_->done()) break;
      if (!(talk_->wants_line() && lines_.has_line())) wait();
    }
    output_.flush();
    return talk_->code();
  }

  // --- Screen

  bool is_terminal() const override { return output_.is_terminal(); }
  bool has_color() const override { return output_.has_color(); }
  void show(std::string_view lines) override { output_.write(lines); }
  void error(std::string_view text) override {
    output_.flush();  // keeps answers and errors in order where both go to one place
    output_.server_error(text);
  }
  void message(std::string_view text) override {
    output_.flush();
    output_.message(text);
  }

 private:
  void take_lines() {
    while (talk_->wants_line() && !talk_->done()) {
      const std::optional<std::string_view> line = lines_.next();
      if (!line) break;
      talk_->on_typing("");
      static_cast<void>(talk_->on_line(*line));
    }
    if (!told_end_ && lines_.ended() && !lines_.has_line()) {
      told_end_ = true;
      talk_->on_end_of_lines(false);
    }
  }

  // Also for the end of whoever reads the output: there may be nothing to write for long.
  void wait() {
    const Background::Watched watched = watch(*talk_);
    const bool wants_input = !lines_.ended() && talk_->wants_line();
    const short events = watched.writable ? POLLIN | POLLOUT : POLLIN;
    std::array<pollfd, 3> fds = {{{wants_input ? STDIN_FILENO : -1, POLLIN, 0},
                                  {watched.socket, events, 0},
                                  {STDOUT_FILENO, 0, 0}}};
    static_cast<void>(wait_on_terminal(fds, watched.deadline));
    if (fds[2].revents != 0) throw OutputClosed{};
    ready_.readable = (fds[1].revents & ~POLLOUT) != 0;
    if (fds[0].revents != 0) lines_.read();
  }

  Output& output_;
  std::unique_ptr<Conversation> talk_;
  InputLines lines_;
  Readiness ready_;
  bool told_end_ = false;
};

}  // namespace

ExitCode run_console(const MakeConversation& make, Output& output) {
  const bool interactive = ::isatty(STDIN_FILENO) == 1 && output.is_terminal();
  return interactive ? Terminal(make, output).run() : Pipe(make, output).run();
}

}  // namespace reactord::cli
