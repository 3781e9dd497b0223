// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/batch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "tools/reactor-cli/net/session.h"
#include "tools/reactor-cli/one_shot.h"
#include "tools/reactor-cli/terminal/input_lines.h"

namespace reactord::cli {
namespace {

// In flight at most: enough to keep a server busy over a slow network, few enough to forget.
constexpr std::size_t kMaxPending = 1000;
constexpr std::size_t kMaxUnsentBytes = 1u << 20;

class Batch {
 public:
  Batch(const Options& options, Printer& printer)
      : options_(options), printer_(printer), session_(options) {}

  ExitCode run() {
    while (true) {
      take_lines();
      session_.send_some();
      report();
      // Answers have made room for lines that were read long ago.
      if (has_room() && lines_.has_line()) continue;
      if (lines_.ended() && has_room() && pending_.empty()) break;
      if (session_.ended()) {
        // The end of the stream is an end of the work only when nothing is owed and none follows.
        if (!pending_.empty()) session_.fail_ended(pending_.size());
        lines_.read();
        continue;
      }
      wait();
    }
    if (session_.dialect().may_say_more()) print_rest(session_, printer_);
    if (options_.push) print_pushes(session_, printer_);
    return code_;
  }

 private:
  /// A line that waits for its turn: a request for its answer, a bad line for its message.
  struct Pending {
    std::string problem = {};
    Shape shape = Shape::as_it_is;
  };

  [[nodiscard]] bool has_room() const {
    return pending_.size() < kMaxPending && session_.unsent_bytes() < kMaxUnsentBytes;
  }

  void take_lines() {
    while (has_room()) {
      const std::optional<std::string_view> line = lines_.next();
      if (!line) return;
      ++line_number_;
      if (pending_.empty()) restart_deadline();
      take_line(*line);
    }
  }

  void take_line(std::string_view line) {
    switch (session_.dialect().write_line(session_.output(), line)) {
      case LineStatus::request:
        pending_.push_back({.shape = shape_of(line)});
        return;
      case LineStatus::nothing:
        return;
      case LineStatus::unbalanced:
        pending_.push_back({fmt::format(
            "line {}: quotes are not closed, or not followed by a blank; not sent", line_number_)});
        return;
      case LineStatus::impossible:
        pending_.push_back({fmt::format("line {}: cannot be sent", line_number_)});
        return;
    }
  }

  // Prints the answers that are there, and what is wrong with lines whose turn has come.
  void report() {
    bool progress = false;
    report_bad_lines();
    while (const std::optional<Reply> reply = session_.next_reply()) {
      const bool push = reply->kind == Reply::Kind::push;
      if (pending_.empty() && !push && !session_.dialect().may_say_more()) session_.fail_unasked();
      const Shape shape = push || pending_.empty() ? Shape::as_it_is : pending_.front().shape;
      if (!printer_.print(*reply, shape)) code_ = std::max(code_, ExitCode::server_error);
      if (push || pending_.empty()) continue;
      pending_.pop_front();
      progress = true;
      report_bad_lines();
    }
    printer_.output().flush();  // may wait for a slow reader, which is not the server's fault
    if (progress) restart_deadline();
    // Pushes without end are no progress.
    if (!pending_.empty() && Clock::now() > *deadline_) session_.fail_timed_out();
  }

  void report_bad_lines() {
    while (!pending_.empty() && !pending_.front().problem.empty()) {
      report_bad_line(pending_.front().problem);
      pending_.pop_front();
    }
  }

  void report_bad_line(const std::string& problem) {
    code_ = ExitCode::usage;
    if (options_.json) {
      printer_.print(Reply{Reply::Kind::error, problem, {}});
      return;
    }
    printer_.output().flush();
    printer_.output().message(problem);
  }

  void wait() {
    Readiness wanted;
    wanted.readable = true;
    wanted.writable = !session_.output().empty();
    wanted.input = !lines_.ended() && has_room();
    const Deadline deadline = pending_.empty() ? Deadline() : deadline_;
    const Readiness ready = session_.connection().wait(wanted, deadline, STDIN_FILENO);
    if (!ready.any()) session_.fail_timed_out();
    if (ready.readable) session_.receive_some();
    if (ready.input) lines_.read();
  }

  void restart_deadline() { deadline_ = deadline_in(options_.timeout); }

  const Options& options_;
  Printer& printer_;
  Session session_;
  InputLines lines_;
  std::deque<Pending> pending_;
  Deadline deadline_;
  std::uint64_t line_number_ = 0;
  ExitCode code_ = ExitCode::success;
};

}  // namespace

ExitCode run_batch(const Options& options, Printer& printer) {
  return Batch(options, printer).run();
}

}  // namespace reactord::cli
