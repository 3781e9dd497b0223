// SPDX-License-Identifier: MIT
//
// A command:   send -> wait for the first byte -> 200 ms of silence -> half-close -> end of stream
//              or 1 s of silence
// From stdin:  send and receive -> end of input -> half-close -> end of stream, or silence for the
//              timeout
//
// A --timeout that was given bounds the whole answer, too: one that trickles has no silence. It
// counts from the last byte that was sent.
//
// The half-close never comes before an answer to a command: many small servers take it for the
// client's death. It comes soon after, because servers that keep the connection for a next request
// close on it, and then nobody waits.
#include "tools/reactor-cli/raw.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <thread>

#include "protocol/buffers/buffer.h"
#include "tools/reactor-cli/command_line/duration.h"
#include "tools/reactor-cli/net/connection.h"
#include "tools/reactor-cli/output/render.h"

namespace reactord::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPauseInAnswer{200};
constexpr milliseconds kPauseAfterHalfClose{1000};
constexpr milliseconds kPatience{5000};  // of a person who sees nothing
constexpr std::size_t kMaxRawUnsentBytes = 64u << 10;

/// Prints bytes as they come: as they are in a pipe, escaped on a terminal.
class RawPrinter {
 public:
  explicit RawPrinter(Output& output) : output_(output) {}

  void print(std::string_view bytes) {
    if (!output_.is_terminal()) {
      output_.write(bytes);
    } else {
      held_.append(bytes);
      const std::size_t whole = held_.size() - incomplete_tail();
      show(std::string_view(held_).substr(0, whole));
      held_.erase(0, whole);
    }
    output_.flush();
  }

  void finish() {
    show(held_);
    if (!at_line_start_) output_.write("\n");
    output_.flush();
  }

 private:
  // Bytes at the end that may be half of a character or of a CRLF.
  [[nodiscard]] std::size_t incomplete_tail() const {
    if (held_.ends_with('\r')) return 1;
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, held_.size()); ++back) {
      const auto byte = static_cast<unsigned char>(held_[held_.size() - back]);
      if (byte < 0x80) return 0;
      const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0;
      if (length > 0) return length > back ? back : 0;
    }
    return 0;
  }

  void show(std::string_view bytes) {
    if (bytes.empty()) return;
    output_.write(escape_lines(bytes));
    at_line_start_ = bytes.ends_with('\n');
  }

  Output& output_;
  std::string held_;
  bool at_line_start_ = true;
};

class RawExchange {
 public:
  RawExchange(const Options& options, Output& output)
      : options_(options),
        output_(output),
        printer_(output),
        connection_(options.endpoints, options.timeout, options.tls),
        strip_line_ends_(::isatty(STDIN_FILENO) == 1) {}

  void send_command(const std::string& bytes) {
    unsent_.append(bytes);
    sent_anything_ = true;
    input_open_ = false;
    run();
  }

  void send_input() {
    input_open_ = from_input_ = true;
    run();
  }

 private:
  void run() {
    start_ = Clock::now();
    while (!ended_) {
      send_some();
      Readiness wanted;
      wanted.readable = true;
      wanted.writable = !unsent_.empty();
      wanted.input = input_open_ && unsent_.size() < kMaxRawUnsentBytes;
      const Readiness ready = connection_.wait(wanted, deadline(), STDIN_FILENO);
      if (ready.readable) receive_some();
      if (ready.input) read_input();
      if (!ready.any()) on_silence();
      if (!ended_ && received_anything_ && is_too_late()) fail_if_trickling();
    }
    printer_.finish();
    if (!received_anything_ && sent_anything_) fail_unanswered();
  }

  [[nodiscard]] Deadline deadline() const {
    if (input_open_) return std::nullopt;
    if (!received_anything_) {
      if (options_.timeout_given) return start_ + options_.timeout;
      return told_to_wait_ ? Deadline() : start_ + kPatience;
    }
    const Clock::time_point silence = last_received_ + pause();
    return options_.timeout_given ? std::min(silence, start_ + options_.timeout) : silence;
  }

  [[nodiscard]] milliseconds pause() const {
    if (from_input_) return options_.timeout;
    return half_closed_ ? kPauseAfterHalfClose : kPauseInAnswer;
  }

  [[nodiscard]] bool is_too_late() const {
    return !input_open_ && options_.timeout_given && Clock::now() >= start_ + options_.timeout;
  }

  // An answer whose last byte came a while ago has ended: only the server's close is missing.
  void fail_if_trickling() const {
    if (Clock::now() >= last_received_ + kPauseInAnswer) return;
    throw Failure(
        ExitCode::timed_out,
        fmt::format("the answer of {} did not end within {}; wait longer with --timeout",
                    to_string(connection_.endpoint()), format_duration(options_.timeout)));
  }

  void on_silence() {
    if (!received_anything_) return wait_on();
    if (from_input_ || half_closed_ || is_too_late()) {
      ended_ = true;
    } else {
      half_close();
    }
  }

  void wait_on() {
    const std::string where = to_string(connection_.endpoint());
    if (options_.timeout_given) {
      throw Failure(ExitCode::timed_out,
                    fmt::format("no answer from {} within {}; wait longer with --timeout", where,
                                format_duration(options_.timeout)));
    }
    told_to_wait_ = true;
    output_.message(fmt::format(
        "still waiting for {} to answer (Ctrl-C ends this; --timeout T sets a limit)", where));
  }

  void send_some() {
    while (!unsent_.empty()) {
      std::size_t sent = 0;
      const Moved result = connection_.write(unsent_.view(), sent);
      if (result == Moved::none) return;
      if (result != Moved::some) return unsent_.release();  // what has come can still be read
      unsent_.consume(sent);
      start_ = Clock::now();
    }
    if (from_input_ && !input_open_ && !half_closed_) half_close();
  }

  void receive_some() {
    std::size_t bytes = 0;
    const Moved result = connection_.read(room_, bytes);
    if (result == Moved::none) return;
    // A reset is how a server ends that closes with bytes of ours unread: not an error as such.
    ended_ = result != Moved::some;
    if (bytes == 0) return;
    printer_.print({room_.data(), bytes});
    received_anything_ = true;
    last_received_ = Clock::now();
  }

  void read_input() {
    const ssize_t bytes = ::read(STDIN_FILENO, room_.data(), room_.size());
    if (bytes < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (bytes < 0) {
      throw Failure(ExitCode::usage,
                    fmt::format("cannot read standard input: {}", std::strerror(errno)));
    }
    std::string_view input(room_.data(), static_cast<std::size_t>(bytes));
    input_open_ = !input.empty();
    start_ = Clock::now();
    if (strip_line_ends_ && input.ends_with('\n')) input.remove_suffix(1);
    unsent_.append(input);
    sent_anything_ = sent_anything_ || !input.empty();
  }

  void half_close() {
    connection_.finish_writing();
    half_closed_ = true;
    last_received_ = Clock::now();
  }

  [[noreturn]] void fail_unanswered() const {
    throw Failure(ExitCode::protocol_broken,
                  fmt::format("{} closed the connection without an answer",
                              to_string(connection_.endpoint())));
  }

  const Options& options_;
  Output& output_;
  RawPrinter printer_;
  Connection connection_;
  Buffer unsent_;
  std::array<char, 64u << 10> room_{};
  Clock::time_point start_;          ///< of the wait for an answer
  Clock::time_point last_received_;  ///< or half-closed
  bool strip_line_ends_;
  bool from_input_ = false;
  bool input_open_ = false;
  bool sent_anything_ = false;
  bool received_anything_ = false;
  bool half_closed_ = false;
  bool told_to_wait_ = false;
  bool ended_ = false;
};

}  // namespace

ExitCode run_raw(const Options& options, Output& output) {
  if (options.command.empty()) {
    RawExchange(options, output).send_input();
    return ExitCode::success;
  }
  const std::string bytes = fmt::format("{}", fmt::join(options.command, " "));
  for (std::uint64_t i = 0; i < options.repeat; ++i) {
    if (i > 0) std::this_thread::sleep_for(options.interval);
    RawExchange(options, output).send_command(bytes);
  }
  return ExitCode::success;
}

}  // namespace reactord::cli
