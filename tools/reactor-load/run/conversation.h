// SPDX-License-Identifier: MIT
// What was said on one connection: requests that were written, the replies that are owed for them,
// and whether what comes is that. Bytes in, verdicts out: knows no socket and no clock. A request's
// bytes are kept until its reply has come, so that the reply can be held against them and a failure
// can show both; nothing else is remembered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/reactor/clock.h"
#include "protocol/buffers/buffer.h"
#include "tools/reactor-load/check/reply_scanner.h"
#include "tools/reactor-load/results/tally.h"
#include "tools/reactor-load/run/plan.h"

namespace reactord::load {

/// Where a conversation's figures go: those of its group, and those of the moment.
struct Ledger {
  Tally* tally = nullptr;
  GroupTally* group = nullptr;
  Histogram* recent = nullptr;  ///< of all groups that are not hostile, since the last report
  std::string* scratch = nullptr;
};

/// Who is talking, for failures.
struct Speaker {
  std::uint64_t client = 0;
  std::uint64_t connection = 0;
};

enum class Heard : std::uint8_t {
  fine,     ///< or wrong, but the next reply can be told from it
  broken,   ///< surplus, or no reply at all: the stream is of no more use
  refused,  ///< the server has no room for this connection, as last_error() says
};

class Conversation {
 public:
  Conversation(const GroupPlan& plan, Wire wire, const Ledger& ledger)
      : plan_(plan), wire_(wire), ledger_(ledger) {}

  /// A new connection: forgets everything.
  void begin(const Speaker& speaker);

  /// Appends request `index`. Its latency counts from `planned`; without one, from stamp().
  void write(std::uint32_t index, GeneratorState& state, TimePoint planned = {});
  /// The time at which what was written without a planned time is sent.
  void stamp(TimePoint now);
  [[nodiscard]] std::string_view unsent() const { return bytes_.view().substr(sent_bytes_); }
  void sent(std::size_t bytes);

  /// Requests that wait for their reply.
  [[nodiscard]] std::size_t owed() const { return owed_; }

  /// In nanoseconds: of all replies since the last forget_longest_wait().
  [[nodiscard]] std::uint64_t longest_wait() const { return longest_wait_; }
  void forget_longest_wait() { longest_wait_ = 0; }

  /// The last error that was heard, if nothing else followed it.
  [[nodiscard]] const std::string& last_error() const { return last_error_; }

  /// Judges what came.
  [[nodiscard]] Heard receive(std::string_view bytes, TimePoint now);
  /// The connection has ended: replies that are still owed are missing. `how` says why.
  void end(std::string_view how, bool timed_out = false);
  /// The same where it is the client's own wish that they never come.
  void abandon();

 private:
  struct Request {
    TimePoint planned{};
    std::uint32_t bytes = 0;
    std::uint32_t tail = 0;
    std::uint32_t index = 0;
    bool answered = false;  ///< before all of it was sent
  };
  enum class About : std::uint8_t { request, nothing };
  enum class Judged : std::uint8_t { need_more, reply, broken, refused };

  /// It is owed no reply, or no more.
  [[nodiscard]] bool is_settled(const Request& request) const {
    return request.answered || encoded(request).expectation.kind == Expectation::Kind::none;
  }
  [[nodiscard]] const EncodedRequest& encoded(const Request& request) const {
    return plan_.requests[request.index];
  }
  [[nodiscard]] Request& at(std::size_t position) { return ring_[position & (ring_.size() - 1)]; }
  [[nodiscard]] Request& front() { return at(first_); }
  void push(const Request& request);
  void pop_front();
  void pop_settled();
  void count_sent(std::size_t bytes);

  [[nodiscard]] Heard judge_all(std::string_view bytes, TimePoint now, std::size_t& used);
  [[nodiscard]] Judged judge(std::string_view bytes, TimePoint now, std::size_t& used);
  [[nodiscard]] Judged judge_echo(std::string_view bytes, std::size_t& used);
  [[nodiscard]] Judged find_reply(std::string_view bytes, ReplyView& reply);
  [[nodiscard]] Judged find_line(std::string_view bytes, ReplyView& reply);
  [[nodiscard]] Judged find_raw(std::string_view bytes, ReplyView& reply);
  void settle(std::size_t reply_bytes, TimePoint now);
  void hear_hostile(std::string_view bytes);
  void note_error(const ReplyView& reply);
  [[nodiscard]] std::string_view request_bytes();
  [[nodiscard]] std::string_view argument();
  void fail(const char* kind, std::string got, About about = About::request);

  const GroupPlan& plan_;
  Wire wire_;
  Ledger ledger_;
  Speaker speaker_;
  Buffer bytes_;    ///< of requests that wait for their reply, and of those not sent yet
  Buffer partial_;  ///< the beginning of a reply
  std::size_t sent_bytes_ = 0;  ///< of bytes_
  std::size_t owed_ = 0;
  std::uint64_t position_ = 0;  ///< replies so far
  // A ring of requests; its size is a power of two.
  std::vector<Request> ring_;
  std::size_t first_ = 0;
  std::size_t last_ = 0;
  std::size_t unstamped_ = 0;  ///< the first without a planned time
  std::size_t sending_ = 0;    ///< the first that is not sent whole
  std::size_t sent_of_sending_ = 0;
  ReplyScanner scanner_;
  std::string last_error_;
  std::uint64_t longest_wait_ = 0;
};

}  // namespace reactord::load
