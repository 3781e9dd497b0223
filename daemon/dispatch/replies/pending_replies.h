// SPDX-License-Identifier: MIT
// The replies that handlers have promised for later, and pushes. Finds connections by id, so that a
// promise kept too late is recognised. Gives long replies their slices of each turn. Where several
// are owed to one connection, each waits until those to its earlier requests are written. EXEC's
// one reply may be made of several promises.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "daemon/connection/connection_table.h"
#include "daemon/dispatch/command_table.h"
#include "daemon/dispatch/handler_guard.h"
#include "daemon/dispatch/replies/reply_rules.h"
#include "daemon/dispatch/transaction.h"
#include "daemon/interface/deferred_reply.h"
#include "daemon/interface/handler.h"
#include "daemon/log/request_record.h"
#include "daemon/records/error_stats.h"
#include "daemon/records/kept_words.h"
#include "daemon/records/slow_log.h"

namespace reactord {

class PendingReplies final : public ReplyPort {
 public:
  PendingReplies(ConnectionTable& connections, HandlerGuard& guard, ErrorStats& errors,
                 SlowLog& slow_log)
      : connections_(connections), guard_(guard), errors_(errors), slow_log_(slow_log) {}

  // --- for the dispatcher, around Handler::handle() ---
  void begin_call(const Connection& connection) {
    calling_ = connection.id();
    calling_promise_ = 0;
  }
  /// Returns the number of the promise.
  [[nodiscard]] std::uint64_t defer(Connection& connection, CommandEntry& entry,
                                    std::function<void()> on_gone,
                                    std::function<void()> on_finished, SavePromise save);
  void produce(Connection& connection, CommandEntry& entry,
               std::unique_ptr<ReplyProducer> producer);
  /// Whether one reply more may be owed to it.
  [[nodiscard]] static bool has_room(const Connection& connection);
  /// `reply` answers a request at once, behind those that are owed; false where none is any more,
  /// and it was appended to `out`. `entry` was called for it; null for none.
  [[nodiscard]] bool reply_behind(Connection& connection, const Buffer& reply, Buffer& out,
                                  CommandEntry* entry);
  /// Ends the call and says what became of its promise. Where it was kept, its reply is in `out`.
  [[nodiscard]] PromiseState end_call(Buffer& out) {
    const SlotId called = std::exchange(calling_, 0);
    return calling_promise_ == 0 ? PromiseState::none : state_of(called, out);
  }
  /// The promise of the call that has just ended is open: since `called` its reply is somebody
  /// else's business. For the slow log, `words` are those of its request.
  void note_deferred(Connection& connection, TimePoint called,
                     std::span<const std::string_view> words);
  /// The same promise: the access log is told once its reply is there.
  void log_when_answered(SlotId connection, RequestRecord record);
  /// The code of the latest error that was written here to whom is called.
  [[nodiscard]] ErrorStats::Number take_error() { return std::exchange(error_, {}); }
  /// The call has broken a rule: what it promised is given up.
  void forget_call(SlotId connection) noexcept;
  /// The call, and the EXEC that it may be of, have failed: so has the connection.
  void give_up_call() noexcept;
  /// Behind the call's reply: what it pushed to its own connection.
  void append_pushes(Buffer& out) {
    if (!pushed_.empty()) append_pushed(out);
  }

  // --- for the dispatcher, around the calls of an EXEC ---
  [[nodiscard]] GatheredReply& begin_gathering(Connection& connection, CommandEntry& exec,
                                               GatheredReply reply, TimePoint called);
  /// The promise of the latest call becomes an element of EXEC's reply.
  void leave_hole(Connection& connection);
  /// The whole reply; none if some of it comes later.
  [[nodiscard]] std::optional<GatheredReply> end_gathering(Connection& connection);

  // --- for the loop ---
  /// Runs a slice of some of the long replies, those of administrators first; how many.
  unsigned run_slices();
  [[nodiscard]] bool has_long_replies() const { return !long_replies_.empty(); }
  /// Replies that wait for somebody or something; one that is being written does not.
  [[nodiscard]] std::size_t waiting() const { return promises_.size() - being_written_; }
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
  PushResult push(std::uint64_t connection, const CommandEntry* subscribed_by,
                  const WriteReply& write) noexcept override;
  void unsubscribe(std::uint64_t connection) noexcept override;
  [[nodiscard]] bool goes_on(std::uint64_t connection,
                             std::uint64_t promise) const noexcept override;

  // --- for who goes on in another process ---
  /// The only reply that is owed to it is one that another process can promise anew.
  [[nodiscard]] bool can_be_saved(const Connection& connection) const noexcept;
  struct SavedPromise {
    const CommandEntry* entry = nullptr;
    std::optional<std::string> state = {};  ///< nothing: the handler has failed
  };
  /// Nothing where no reply is owed. Calls the handler.
  [[nodiscard]] std::optional<SavedPromise> save(const Connection& connection);
  /// Whose promises need no answer at the stop; none, where nobody goes.
  void set_leaving(std::function<bool(const Connection&)> is_leaving) {
    is_leaving_ = std::move(is_leaving);
  }

 private:
  /// Whose promise, or whose callback.
  struct Owner {
    CommandEntry* entry = nullptr;
    std::uint64_t client = 0;
    TimePoint arrived{};  ///< when its request had come
    TimePoint called{};   ///< since when its reply is somebody else's business; none at 0
    TimePoint came{};     ///< the reply, which waits for others; none at 0
    Duration worked{0};   ///< what the loop has spent on a long reply
    [[nodiscard]] HandlerCall in(std::string_view call) const {
      return {entry->handler_name, entry->full_name, call, client};
    }
  };
  /// A long reply is formatted here over several turns and sent when it is whole.
  struct LongReply {
    std::unique_ptr<ReplyProducer> producer;
    Buffer bytes;
    ReplyWriter writer;
    bool has_thrown = false;
    LongReply(std::unique_ptr<ReplyProducer> p, ReplyEncoding encoding, std::size_t& being_written)
        : producer(std::move(p)), writer(bytes, encoding), being_written_(being_written) {
      ++being_written_;
    }
    ~LongReply() { --being_written_; }
    LongReply(const LongReply&) = delete;
    LongReply& operator=(const LongReply&) = delete;

   private:
    std::size_t& being_written_;
  };
  struct Promise {
    Owner owner;
    ReplyEncoding encoding = ReplyEncoding::resp2;
    bool is_silent = false;  ///< CLIENT REPLY OFF: the reply is made and thrown away
    std::function<void()> on_gone = {};
    std::function<void()> on_finished = {};
    SavePromise save = {};
    std::unique_ptr<LongReply> long_reply = {};
    KeptWords words = {};
    std::string traceparent = {};                ///< of the trace that it is part of
    std::unique_ptr<RequestRecord> record = {};  ///< for the access log
    std::optional<std::size_t> hole = {};        ///< it is an element of EXEC's reply
    bool is_kept = false;                        ///< its reply is there, and waits for earlier ones
    Buffer reply = {};
    std::function<void()> on_uncertain = {};
  };
  /// The number tells a promise from later ones to the same connection.
  struct Key {
    SlotId connection = 0;
    std::uint64_t number = 0;
    auto operator<=>(const Key&) const = default;
  };
  using Promises = std::map<Key, Promise>;
  struct Receipt {
    Owner owner;
    std::function<void()> on_uncertain;
  };
  /// EXEC's reply in the making, and who is to be told once it is the connection's.
  struct Gathering {
    Owner owner;
    GatheredReply reply;
    std::vector<Receipt> receipts = {};
    std::vector<std::pair<Owner, std::unique_ptr<ReplyProducer>>> producers = {};
  };

  [[nodiscard]] static Owner owner_of(Connection& connection, CommandEntry& entry);
  [[nodiscard]] Promise new_promise(Connection& connection, CommandEntry& entry) const;

  // --- figures ---
  void note_answered(Connection& connection, const Owner& owner) noexcept;
  void note_answered(Connection& connection, const Promise& promise) noexcept;
  [[nodiscard]] Duration behind(const Owner& owner, TimePoint now) const;
  void note_error(Connection& connection) { connection.figures().note_error(take_error()); }
  void note_slow(SlotId connection, const Promise& promise) noexcept;
  void log_answer(const Promise& promise, std::size_t bytes) noexcept;
  [[nodiscard]] SlowRequest describe_slow(Connection& connection, const Promise& promise,
                                          Duration took) const;

  [[nodiscard]] bool is_of_call(const Key& key) const {
    return key.connection == calling_ && key.number == calling_promise_;
  }
  [[nodiscard]] Promises::iterator first_of(SlotId connection) {
    return promises_.lower_bound({connection, 0});
  }
  [[nodiscard]] Promises::const_iterator first_of(SlotId connection) const {
    return promises_.lower_bound({connection, 0});
  }
  [[nodiscard, gnu::noinline]] PromiseState state_of(SlotId called, Buffer& out);
  [[gnu::noinline]] void append_pushed(Buffer& out);
  template <class Body>
  bool survives(SlotId connection, Body&& body) noexcept;
  void write_one_reply(Buffer& out, const Promise& promise, const WriteReply& write);
  void write_error(Buffer& out, ReplyEncoding encoding, std::string_view error);
  void write_push(Buffer& out, ReplyEncoding encoding, const HandlerCall& call,
                  const WriteReply& write);
  void give_up(Promises::node_type promise) noexcept;
  void call_back(const Owner& owner, std::string_view name,
                 const std::function<void()>& callback) noexcept;

  [[nodiscard]] bool run_slice(SlotId connection, Owner& owner, LongReply& reply) noexcept;
  template <class Fill>
  bool hand_over(Connection& connection, Promises::node_type node, Fill&& fill,
                 std::function<void()> on_uncertain = {}) noexcept;
  [[nodiscard]] bool is_next(const Key& key);
  void keep(Connection& connection, Promises::node_type node, std::function<void()> on_uncertain);
  [[nodiscard]] std::size_t append_kept(Connection& connection, Buffer& out);
  void finish_long_reply(const Key& key) noexcept;
  void drop_first_long_reply();
  void append_long_reply(Buffer& out, const Promise& promise, LongReply& reply);

  void finish_hole(SlotId id) noexcept;
  void deliver(Connection& connection, Gathering gathering) noexcept;
  void expect_receipt(Connection& connection, Receipt receipt);
  void tell_producer(const Owner& owner, ReplyProducer& producer) noexcept;

  ConnectionTable& connections_;
  HandlerGuard& guard_;
  ErrorStats& errors_;
  SlowLog& slow_log_;
  ErrorStats::Number error_ = 0;   ///< that was written last, until its connection knows
  std::size_t being_written_ = 0;  ///< of the promises, those with a producer
  Promises promises_;
  SlotId handed_over_to_ = 0;  ///< whose reply is being written
  std::uint64_t last_promise_ = 0;
  std::deque<Key> long_replies_;    ///< those with a producer, in turn
  std::size_t urgent_replies_ = 0;  ///< how many in front of them are administrators'
  /// Whom to tell if the replies sent last to a connection may not have arrived.
  std::unordered_map<SlotId, std::deque<Receipt>> receipts_;
  std::function<bool(const Connection&)> is_leaving_;

  /// EXEC's replies that are not whole yet.
  std::unordered_map<SlotId, Gathering> gathered_;
  SlotId gathering_ = 0;  ///< whose EXEC is under way

  // The call under way.
  SlotId calling_ = 0;
  std::uint64_t calling_promise_ = 0;  ///< the number of what it has promised; 0 for nothing
  bool is_kept_early_ = false;         ///< ... and kept itself
  bool is_dropped_ = false;            ///< ... or let go
  Buffer early_;                       ///< a promise kept before handle() returned
  Buffer pushed_;                      ///< pushes of the call to its own connection
};

}  // namespace reactord
