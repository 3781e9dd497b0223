// SPDX-License-Identifier: MIT
// A conversation over one connection in which both sides speak when they like: what console.h runs
// at a terminal or in a pipe. And the screen that it shows its lines on.
#pragma once

#include <string>
#include <string_view>

#include "protocol/replies/reply.h"
#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/completion/command_docs.h"
#include "tools/reactor-cli/net/session.h"

namespace reactord::cli {

/// Where a conversation shows what it has to say, without knowing what else is on the screen.
class Screen {
 public:
  virtual ~Screen() = default;
  [[nodiscard]] virtual bool is_terminal() const = 0;
  [[nodiscard]] virtual bool has_color() const = 0;
  /// Whole lines, safe for where they go: data.
  virtual void show(std::string_view lines) = 0;
  /// An error as the server gave it, without a line's end; made safe here.
  virtual void error(std::string_view text) = 0;
  /// What the program itself has to say, likewise.
  virtual void message(std::string_view text) = 0;
};

enum class LineFate {
  taken,
  kept,  ///< not sent; a person finds it in the line again
};

class Conversation {
 public:
  virtual ~Conversation() = default;

  /// Connects and greets. Throws Failure.
  virtual void connect() = 0;
  /// Null when not connected.
  [[nodiscard]] virtual Session* session() = 0;
  /// When on_overdue() is to be called.
  [[nodiscard]] virtual Deadline deadline() const = 0;
  /// Throws Failure where an answer is overdue.
  virtual void on_overdue() = 0;
  virtual void on_reply(Reply reply) = 0;
  /// The server has finished: all replies were taken. Throws Failure where that is a loss; if it
  /// is none, there is no session any more.
  virtual void on_ended() = 0;
  /// Whatever was under way is lost. There is no session any more; the next line may connect again.
  virtual void on_lost(const Failure& failure) = 0;

  /// What is typed so far, at each change and at each event: "" before a line.
  virtual void on_typing(std::string_view typed) = 0;
  [[nodiscard]] virtual std::string prompt() const = 0;
  /// When the prompt changes by itself, if it does.
  [[nodiscard]] virtual Deadline next_prompt() const { return {}; }
  [[nodiscard]] virtual Completion complete(std::string_view before_cursor) const = 0;
  /// Takes a line, not connected too. Throws Failure.
  [[nodiscard]] virtual LineFate on_line(std::string_view line) = 0;
  /// No more lines come: Ctrl-D, or the end of standard input; each time a person asks.
  virtual void on_end_of_lines(bool person) = 0;

  /// Ctrl-C at a terminal, which drops the line.
  virtual void on_interrupt() = 0;

  /// Whether a line may be taken now.
  [[nodiscard]] virtual bool wants_line() const = 0;
  [[nodiscard]] virtual bool done() const = 0;
  /// What became of it, once done.
  [[nodiscard]] virtual ExitCode code() const = 0;
};

}  // namespace reactord::cli
