// SPDX-License-Identifier: MIT
// The replies that handlers have promised for later, one per connection at most, and pushes. Finds
// connections by id, so that a promise kept too late is recognised. Gives long replies their slices
// of each turn.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

#include "daemon/connection/connection_table.h"
#include "daemon/interface/deferred_reply.h"
#include "daemon/interface/handler.h"

namespace reactord {

class PendingReplies final : public ReplyPort {
 public:
  explicit PendingReplies(ConnectionTable& connections) : connections_(connections) {}

  // --- for the dispatcher, around Handler::handle() ---
  void begin_call(const Connection& connection, bool is_silent) {
    calling_ = connection.id();
    calling_priority_ = priority_of(connection.policy());
    calling_encoding_ = connection.reply_encoding();
    is_silent_ = is_silent;
    is_promised_ = is_kept_early_ = false;
  }
  /// Returns the number of the promise.
  [[nodiscard]] std::uint64_t defer(std::function<void()> on_gone,
                                    std::function<void()> on_finished);
  void produce(std::unique_ptr<ReplyProducer> producer);
  enum class Outcome : std::uint8_t {
    open,  ///< promised; the reply comes later
    kept,  ///< promised and kept within the call: its reply is in `out`
    none,  ///< nothing was promised
  };
  /// Ends the call and says what became of its promise.
  [[nodiscard]] Outcome end_call(Buffer& out) {
    const SlotId called = std::exchange(calling_, 0);
    return is_promised_ ? outcome_of(called, out) : Outcome::none;
  }
  /// Behind the call's reply: what it pushed to its own connection.
  void append_pushes(Buffer& out) {
    if (!pushed_.empty()) append_pushed(out);
  }

  // --- for the loop ---
  /// Runs a slice of some of the long replies, those of administrators first; how many.
  unsigned run_slices();
  [[nodiscard]] bool has_long_replies() const { return !long_replies_.empty(); }
  [[nodiscard]] std::size_t waiting() const { return promises_.size(); }
  /// The connection serves no more: what was promised to it is given up.
  void forget(SlotId connection) noexcept;
  /// Its client has sent FIN and still waits.
  void on_peer_finished(SlotId connection) noexcept;
  /// What was written to it has arrived, or may not have.
  void on_receipt(SlotId connection, bool arrived) noexcept;

  // --- ReplyPort ---
  bool complete(std::uint64_t connection, std::uint64_t promise, const WriteReply& write,
                std::function<void()> on_uncertain) noexcept override;
  void abandon(std::uint64_t connection, std::uint64_t promise) noexcept override;
  PushResult push(std::uint64_t connection, const WriteReply& write) noexcept override;
  void unsubscribe(std::uint64_t connection) noexcept override;

 private:
  /// A long reply is formatted here over several turns and sent when it is whole.
  struct LongReply {
    std::unique_ptr<ReplyProducer> producer;
    Buffer bytes;
    ReplyWriter writer;
    LongReply(std::unique_ptr<ReplyProducer> p, ReplyEncoding encoding)
        : producer(std::move(p)), writer(bytes, encoding) {}
  };
  struct Promise {
    std::uint64_t number = 0;  ///< a token of an earlier promise must not keep this one
    ReplyEncoding encoding = ReplyEncoding::resp2;
    bool is_silent = false;  ///< CLIENT REPLY OFF: the reply is made and thrown away
    std::function<void()> on_gone;
    std::function<void()> on_finished;
    std::unique_ptr<LongReply> long_reply;
  };

  [[nodiscard, gnu::noinline]] Outcome outcome_of(SlotId called, Buffer& out);
  [[gnu::noinline]] void append_pushed(Buffer& out);
  [[nodiscard]] static bool run_slice(LongReply& reply) noexcept;
  void finish_long_reply(SlotId id) noexcept;
  void drop_first_long_reply();
  void expect_receipt(Connection& connection, std::function<void()> on_uncertain);

  ConnectionTable& connections_;
  std::unordered_map<SlotId, Promise> promises_;
  std::uint64_t last_promise_ = 0;
  std::deque<SlotId> long_replies_;  ///< those with a producer, in turn
  std::size_t urgent_replies_ = 0;   ///< how many in front of them are administrators'
  /// Whom to tell if the replies sent last to a connection may not have arrived.
  std::unordered_map<SlotId, std::deque<std::function<void()>>> receipts_;

  // The call under way.
  SlotId calling_ = 0;
  Priority calling_priority_ = Priority::normal;
  ReplyEncoding calling_encoding_ = ReplyEncoding::resp2;
  bool is_silent_ = false;
  bool is_promised_ = false;    ///< it has promised a reply
  bool is_kept_early_ = false;  ///< ... and kept the promise itself
  Buffer early_;                ///< a promise kept before handle() returned
  Buffer pushed_;               ///< pushes of the call to its own connection
};

}  // namespace reactord
