// SPDX-License-Identifier: MIT
// A connection together with a dialect: whole requests out, whole replies in. Throws Failure when
// the server is too slow, breaks the protocol or goes away with an answer owed.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "protocol/buffers/buffer.h"
#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/net/connection.h"
#include "tools/reactor-cli/net/dialect.h"

namespace reactord::cli {

class Session {
 public:
  /// Connects. `options` must outlive the session.
  explicit Session(const Options& options);

  [[nodiscard]] Dialect& dialect() { return *dialect_; }
  [[nodiscard]] Connection& connection() { return connection_; }
  [[nodiscard]] const Endpoint& endpoint() const { return connection_.endpoint(); }

  /// Where requests are appended.
  [[nodiscard]] Buffer& output() { return output_; }
  [[nodiscard]] std::size_t unsent_bytes() const { return output_.size(); }

  /// Sends what the socket takes now. Once the server takes no more, drops the output: the answers
  /// already on their way can still be received.
  void send_some();
  /// Tells the server that nothing more comes, once all was sent.
  void finish_when_sent();
  /// Sends all of it and waits for one reply. A caller that waits for a further one, because this
  /// was a push, gives the same deadline again: pushes without end must not put it off.
  [[nodiscard]] Reply exchange(Deadline deadline);

  /// A reply from what was received so far.
  [[nodiscard]] std::optional<Reply> next_reply();
  /// Receives what is there, without waiting. Call when readable, with no reply left to take.
  void receive_some();
  /// Waits for a reply, until the deadline at the latest; nothing at the end of the stream or at
  /// the deadline.
  [[nodiscard]] std::optional<Reply> wait_for_reply(Deadline deadline);

  /// The server has finished: no more replies will come than next_reply() still has.
  [[nodiscard]] bool ended() const { return ended_; }

  [[noreturn]] void fail_timed_out() const;
  /// The stream has ended with `owed` answers still to come.
  [[noreturn]] void fail_ended(std::size_t owed) const;
  [[noreturn]] void fail_unasked() const;
  /// It has ended, and nothing was owed.
  [[noreturn]] void fail_closed() const;

 private:
  [[noreturn]] void fail_protocol() const;
  void log_in();
  void ask_for_pushes();

  const Options& options_;
  Connection connection_;
  std::unique_ptr<Dialect> dialect_;
  Buffer output_;
  std::array<char, 64u << 10> input_{};  ///< as large as a pipe; what is parsed is kept elsewhere
  std::string_view unparsed_;            ///< of input_
  bool finishing_ = false;
  bool ended_ = false;
  bool reset_ = false;
};

}  // namespace reactord::cli
