// SPDX-License-Identifier: MIT
// Messages that wait for a person's answer, and the operators who are told of them: who is
// attached, what waits, and what became of it. A message is answered once, whoever does it. Knows
// no command's syntax (operator_commands.h) and not how it is chosen who answers (text.cpp).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/interface/handler.h"

namespace reactord {

/// A message on the desk.
struct WaitingMessage {
  std::uint64_t id = 0;      ///< counts up from 1
  std::uint64_t client = 0;  ///< as CLIENT ID tells it
  std::string peer;
  std::string text;
  TimePoint arrived;
  bool has_finished = false;  ///< its client has sent FIN, and may still read
  DeferredReply reply;
  std::unique_ptr<Timer> timeout;  ///< null: it waits for ever
  TimePoint expires;               ///< with a timeout
};

/// An attached operator.
struct Operator {
  std::string name;
  std::uint64_t client = 0;
  PushHandle pushes;
  std::uint64_t answered = 0;  ///< replies and rejections
  std::uint64_t dropped = 0;   ///< pushes that its connection had no room for
  std::uint64_t untold = 0;    ///< of these: since it was last told
};

/// Who settles a message: an attached operator, or anybody who may use the commands.
struct Answerer {
  std::string name;
  std::uint64_t client = 0;  ///< is not told of its own doing
};

class OperatorDesk {
 public:
  /// More than a person reads in one piece, and the bound of what one waiting message costs.
  static constexpr std::size_t kMaxMessageBytes = 64u << 10;
  /// Each message is pushed to every operator.
  static constexpr std::size_t kMaxOperators = 64;

  /// Answers the client of a message that no operator has answered.
  using WriteFallback = std::function<void(const WaitingMessage&, ReplyWriter&)>;

  OperatorDesk(Service& service, WriteFallback write_fallback);
  OperatorDesk(const OperatorDesk&) = delete;
  OperatorDesk& operator=(const OperatorDesk&) = delete;

  // --- messages ---
  /// Whether an operator is there who could answer one more, with `most` waiting at a time.
  [[nodiscard]] bool is_open(std::size_t most) const;
  /// Puts a message on the desk: its reply is pending from now on. After `timeout` (0: never) the
  /// fallback answers.
  void add(std::string_view text, std::chrono::milliseconds timeout, HandlerContext& context);
  /// Both return the problem ("ERR message 12 was answered by bob"), or "".
  [[nodiscard]] std::string reply(std::uint64_t id, std::string_view text, const Answerer& by);
  [[nodiscard]] std::string reject(std::uint64_t id, std::string_view reason, const Answerer& by);
  /// A message of another process waits on, under its number; nobody is told. `state` is what
  /// was saved of it; false where it is none.
  [[nodiscard]] bool resume_message(std::string_view state, HandlerContext& context);
  /// Takes no more, and gives the fallback to all that wait, but those that go on: some now, the
  /// others in the next turns.
  void stop();

  /// Null if it waits no more; problem_of() says why.
  [[nodiscard]] const WaitingMessage* find(std::uint64_t id) const;
  [[nodiscard]] std::string problem_of(std::uint64_t id) const;
  /// Oldest first.
  [[nodiscard]] const std::map<std::uint64_t, WaitingMessage>& waiting() const { return waiting_; }

  // --- operators ---
  /// The problem, or "".
  [[nodiscard]] std::string join(std::string_view name, HandlerContext& context);
  /// One who has joined in another process goes on; nobody is told. `state` is its seat's
  /// (ConnectionState::save()); false where it is none.
  [[nodiscard]] bool resume(std::string_view state, HandlerContext& context);
  /// "" of who has none.
  [[nodiscard]] std::string saved_seat(std::uint64_t client) const;
  /// False if that client is no operator.
  bool leave(std::uint64_t client) noexcept;
  [[nodiscard]] const std::list<Operator>& operators() const { return operators_; }
  /// The attached operator's name, or what the client is called otherwise.
  [[nodiscard]] Answerer answerer(HandlerContext& context) const;
  /// Tells everybody that messages are now answered in another way ("template").
  void announce_mode(std::string_view mode);

 private:
  enum class Fate : std::uint8_t { unknown, answered, rejected, expired, gone };
  /// What became of a message, for those who come too late.
  struct Outcome {
    std::uint64_t id = 0;
    Fate fate = Fate::unknown;
    std::string by;
  };
  /// How often an operator that has missed pushes is tried again: soon for a person, seldom for the
  /// loop. Most are told before, by the next push that has room.
  static constexpr std::chrono::milliseconds kTellDroppedAfter{1000};
  /// Expired in one turn of the loop at the stop: each is a reply, and a push to every operator.
  static constexpr std::size_t kExpiredAtOnce = 32;
  /// ... and looked at: most of them go on, perhaps.
  static constexpr std::size_t kLookedAtAtOnce = 1024;
  /// As many as an operator could have on the screen.
  static constexpr std::size_t kKeptOutcomes = 1024;

  WaitingMessage& put(std::uint64_t id, std::string_view text, HandlerContext& context);
  void time(WaitingMessage& message, std::chrono::milliseconds left);
  [[nodiscard]] std::string saved_message(std::uint64_t id) const;
  void stop_behind(std::uint64_t id);
  void take_seat(Operator one, HandlerContext& context);
  [[nodiscard]] std::string settle(std::uint64_t id, Fate fate, const Answerer& by,
                                   const WriteReply& write);
  [[nodiscard]] WaitingMessage take(std::uint64_t id, Fate fate, const std::string& by);
  void expire(std::uint64_t id);
  void on_gone(std::uint64_t id);
  void on_finished(std::uint64_t id);

  void push(Operator& one, const WriteReply& write);
  /// Whether that operator now knows of all that it has missed.
  static bool tell_dropped(Operator& one);
  void tell_dropped_later();
  void tell_all_dropped();
  void push_to_all(const WriteReply& write, std::uint64_t except_client = 0);
  /// "operator EVENT ID [BY]".
  void announce(std::string_view event, std::uint64_t id, const Answerer& by = {});
  void announce_operator(std::string_view event, std::string_view name);

  Service& service_;
  WriteFallback write_fallback_;
  std::map<std::uint64_t, WaitingMessage> waiting_;
  std::list<Operator> operators_;
  std::unique_ptr<Timer> stop_timer_;     ///< while it stops and somebody still waits
  std::unique_ptr<Timer> dropped_timer_;  ///< while somebody has missed a push and is not told
  std::array<Outcome, kKeptOutcomes> outcomes_;  ///< at id modulo its size
  std::uint64_t last_id_ = 0;
  bool is_stopping_ = false;
};

}  // namespace reactord
