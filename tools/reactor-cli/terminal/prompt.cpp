// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/terminal/prompt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/escape.h"
#include "protocol/framing/inline_line.h"
#include "protocol/words.h"
#include "tools/reactor-cli/completion/command_docs.h"
#include "tools/reactor-cli/net/session.h"
#include "tools/reactor-cli/terminal/history.h"
#include "tools/reactor-cli/terminal/line_editor.h"
#include "tools/reactor-cli/terminal/terminal_wait.h"

namespace reactord::cli {
namespace {

constexpr std::string_view kBlanks = " \t";
// After a line server's answer: for its further lines, as of HELP.
constexpr std::chrono::milliseconds kSilence{100};
constexpr std::string_view kLocalHelp =
    "Here: help [COMMAND], clear, quit (or Ctrl-D). TAB completes and shows arguments.\n"
    "Quote arguments with blanks: text \"hello world\". An open quote, or a backslash at the end,\n"
    "continues on the next line; Ctrl-C drops the line.\n";

bool splits(std::string_view line) {
  std::vector<std::string_view> words;
  std::string decoded;
  return split_inline(line, std::numeric_limits<std::size_t>::max(), words, decoded) ==
         SplitStatus::ok;
}

// True when a closing quote is all that is missing; other faults no further line can mend.
bool has_open_quote(const std::string& line) {
  return !splits(line) && (splits(line + '"') || splits(line + '\''));
}

// An odd number of backslashes at the end.
bool is_continued(std::string_view line) {
  const std::size_t last = line.find_last_not_of('\\');
  const std::size_t others = last == std::string_view::npos ? 0 : last + 1;
  return (line.size() - others) % 2 == 1;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(kBlanks), text.size());
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

class Prompt final : private Background {
 public:
  Prompt(const Options& options, Printer& printer)
      : options_(options),
        printer_(printer),
        history_(history_file()),
        editor_([this](std::string_view before) { return docs_.complete(before); }, history_.path) {
  }

  ExitCode run() {
    catch_terminal_signals();
    if (!history_.problem.empty()) printer_.output().message(history_.problem);
    connect();
    std::string line;
    while (!leaving_) {
      switch (read_request(line)) {
        case LineResult::line:
          serve(line);
          break;
        case LineResult::interrupted:
          break;
        case LineResult::left:  // never: on_ready() stays
        case LineResult::end:
          printer_.output().write("\n");
          leaving_ = true;
      }
      printer_.output().flush();
    }
    return ExitCode::success;
  }

 private:
  // --- lines

  [[nodiscard]] std::string prompt(std::string_view) override {
    if (is_further_line_) return "... ";
    if (!session_) return "not connected> ";
    return escaped(to_string(session_->endpoint())) + "> ";
  }

  LineResult read_line(std::string& line, bool is_further) {
    is_further_line_ = is_further;
    line.clear();
    return editor_.read(*this, line);
  }

  // A request of one line or more.
  LineResult read_request(std::string& request) {
    LineResult result = read_line(request, false);
    if (options_.framing == Framing::line) return result;
    while (result == LineResult::line) {
      if (is_continued(request)) {
        request.pop_back();
      } else if (has_open_quote(request)) {
        request += '\n';
      } else {
        return result;
      }
      std::string more;
      result = read_line(more, true);
      request += more;
    }
    return result;
  }

  void serve(const std::string& line) {
    const std::string_view text = trimmed(line);
    if (text.empty()) return;
    if (!is_secret(text)) editor_.remember(line);
    const std::size_t word_bytes = std::min(text.find_first_of(kBlanks), text.size());
    const std::string_view word = text.substr(0, word_bytes);
    if (same_word(word, "quit") || same_word(word, "exit")) {
      leaving_ = true;
    } else if (same_word(text, "clear")) {
      printer_.output().write("\x1b[H\x1b[2J");  // ECMA-48: cursor home, erase the page
    } else if (same_word(word, "help") && !docs_.empty()) {
      help(trimmed(text.substr(word_bytes)));
    } else {
      guarded([&] { ask(line, word); });
    }
  }

  void help(std::string_view name) {
    if (name.empty()) {
      printer_.output().information(docs_.help());
      printer_.output().information(kLocalHelp);
      return;
    }
    const std::string text = docs_.help(name);
    if (text.empty()) {
      printer_.output().message(
          fmt::format("the server knows no command '{}'; 'help' lists all", escaped(name)));
    }
    printer_.output().information(text);
  }

  // --- what comes while nobody waits for it

  // Nothing once an answer has come that no request asked for: the next request tells of it.
  [[nodiscard]] Watched watched() override {
    if (!session_ || session_->ended() || unasked_) return {};
    return {session_->connection().descriptor(), false, {}};
  }

  [[nodiscard]] bool on_ready(Readiness) override {
    try {
      take_what_came();
    } catch (const Failure& failure) {  // the stream makes no sense any more
      Buffer shown;
      append_error_text(shown, failure.what());
      editor_.show(fmt::format("reactor-cli: {}\n", shown.view()));
      session_.reset();
    }
    return true;
  }

  void take_what_came() {
    session_->receive_some();
    while (!unasked_) {
      std::optional<Reply> reply = session_->next_reply();
      if (!reply) break;
      if (reply->kind == Reply::Kind::push || session_->dialect().may_say_more())
        editor_.show(printer_.shown(*reply));
      else
        unasked_ = std::move(reply);
    }
  }

  // --- the server

  // Greets in RESP3, for maps and pushes, and asks what commands there are. A server that knows
  // neither is as welcome.
  void connect() {
    unasked_.reset();
    session_.emplace(options_);
    docs_ = {};
    if (options_.framing != Framing::resp) return;
    static_cast<void>(exchange(std::array<std::string_view, 2>{"HELLO", "3"}));
    load_docs();
  }

  void load_docs() {
    docs_ = CommandDocs(exchange(std::array<std::string_view, 2>{"COMMAND", "DOCS"}));
  }

  Reply exchange(std::span<const std::string_view> words) {
    static_cast<void>(session_->dialect().write_words(session_->output(), words));
    return answer("");
  }

  // A push whose first word is the command's is its answer: SUBSCRIBE has no other in RESP3.
  Reply answer(std::string_view word) {
    const Deadline deadline = deadline_in(options_.timeout);
    while (true) {
      Reply reply = session_->exchange(deadline);
      const bool push = reply.kind == Reply::Kind::push;
      if (!push || (!reply.elements.empty() && same_word(reply.elements[0].text, word))) {
        return reply;
      }
      printer_.print(reply);
    }
  }

  void ask(const std::string& line, std::string_view word) {
    if (same_word(word, "monitor"))
      return printer_.output().message(
          "MONITOR takes a connection for itself: run `reactor-cli monitor`; not sent");
    if (!session_) connect();
    if (!still_connected()) {
      connect();
      printer_.output().message("the server had closed the connection; connected again");
    }
    switch (session_->dialect().write_line(session_->output(), line)) {
      case LineStatus::request:
        break;
      case LineStatus::nothing:
        return;
      case LineStatus::impossible:
        return printer_.output().message("with --framing line, a request is one line; not sent");
      case LineStatus::unbalanced:
        return printer_.output().message("a closing quote must be followed by a blank; not sent");
    }
    const Reply reply = answer(word);
    const bool good = printer_.print(reply);
    if (session_->dialect().may_say_more()) print_more();
    if (good && same_word(word, "auth") && docs_.empty()) load_docs();
  }

  void print_more() {
    printer_.output().flush();
    const Deadline last = deadline_in(options_.timeout);
    while (const std::optional<Reply> more = session_->wait_for_reply(deadline_in(kSilence))) {
      printer_.print(*more);
      if (Clock::now() > *last) session_->fail_timed_out();
    }
  }

  // Looks, before a request, at what came while the person was thinking.
  bool still_connected() {
    if (unasked_) session_->fail_unasked();
    const Deadline last = deadline_in(options_.timeout);
    while (true) {
      if (const std::optional<Reply> reply = session_->wait_for_reply(Clock::now())) {
        const bool unasked = reply->kind != Reply::Kind::push;
        if (unasked && !session_->dialect().may_say_more()) session_->fail_unasked();
        printer_.print(*reply);
        if (Clock::now() > *last) session_->fail_timed_out();
        continue;
      }
      return !session_->ended();
    }
  }

  template <typename Action>
  void guarded(Action&& action) {
    try {
      action();
    } catch (const Failure& failure) {
      printer_.output().flush();
      printer_.output().message(failure.what());
      reconnect();
    } catch (const Interrupted&) {
      printer_.output().flush();
      printer_.output().message("interrupted; the request may have been served");
      reconnect();
    }
  }

  // The old stream is lost: a late answer would be taken for the next request's.
  void reconnect() {
    const bool was_connected = session_.has_value();
    session_.reset();
    if (!was_connected) return;
    try {
      connect();
      printer_.output().message("connected again; the request was not sent again");
    } catch (const Failure& failure) {
      session_.reset();
      printer_.output().message(failure.what());
    } catch (const Interrupted&) {
      session_.reset();
    }
  }

  const Options& options_;
  Printer& printer_;
  CommandDocs docs_;
  HistoryFile history_;
  LineEditor editor_;
  std::optional<Session> session_;
  std::optional<Reply> unasked_;
  bool is_further_line_ = false;  ///< of a request that goes on
  bool leaving_ = false;
};

}  // namespace

ExitCode run_prompt(const Options& options, Printer& printer) {
  return Prompt(options, printer).run();
}

}  // namespace reactord::cli
