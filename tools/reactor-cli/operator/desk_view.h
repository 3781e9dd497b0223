// SPDX-License-Identifier: MIT
// What one operator knows of the messages that wait, what the prompt says of them, and what a typed
// line means. Knows no connection and no screen, and is told what time it is.
//
// An answer goes to the message that the prompt named when typing began, or to none: a message that
// somebody else has answered meanwhile never hands its answer on to the next one.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/reactor-cli/operator/desk_events.h"

namespace reactord::cli {

/// What a line asks for.
struct DeskLine {
  enum class Kind : std::uint8_t {
    nothing,
    answer,  ///< `id`, `text`
    reject,  ///< `id`, `text` is the reason
    show,    ///< `id`
    list,
    help,
    quit,
    refused,  ///< makes no sense now: `text` says why and what would
  };
  Kind kind = Kind::nothing;
  MessageId id = 0;
  std::string text;
};

class DeskView {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// By which messages age. To be called before what follows.
  void at(Time now) { now_ = now; }
  /// Forgets everything: another connection, perhaps to another server.
  void reset();

  void apply(const DeskEvent& event);
  /// What differs between what was known and what really waits.
  struct Difference {
    std::vector<WaitingMessage> appeared;
    std::vector<MessageId> vanished;
  };
  /// The list may be older than what was pushed since it was asked for: `newest` is what newest()
  /// was at that time, and what is known to be settled does not come back.
  Difference replace(const DeskList& list, MessageId newest);
  /// The highest number that is known; 0 for none.
  [[nodiscard]] MessageId newest() const;

  /// This operator's own answer or rejection is under way: the message is no longer to be answered.
  void begin_answer(MessageId id);
  /// It was taken: `fate` as "was answered by you".
  void settle(MessageId id, std::string fate);
  /// It was not: the message may still wait.
  void take_back(MessageId id);

  /// To be called with what is typed, at each change of it and of what waits.
  void on_typing(std::string_view typed);
  /// What Enter would answer, if that still waits. This and what follows is by the last
  /// on_typing().
  [[nodiscard]] std::optional<MessageId> addressee() const;
  [[nodiscard]] std::string prompt() const;
  /// When the prompt's waiting time changes next, if it tells one.
  [[nodiscard]] std::optional<Time> next_change() const;
  [[nodiscard]] DeskLine read(std::string_view line) const;

  /// What waits and is not being answered by this operator, the oldest first.
  [[nodiscard]] std::vector<MessageId> open() const;
  [[nodiscard]] bool waits(MessageId id) const { return waiting_.contains(id); }

 private:
  struct Waiting {
    Time since;
    bool is_answering = false;  ///< by this operator
  };

  void add(const WaitingMessage& message);
  [[nodiscard]] std::chrono::minutes age(MessageId id) const;
  [[nodiscard]] std::optional<MessageId> oldest() const;
  [[nodiscard]] std::size_t open_count() const { return waiting_.size() - answering_; }
  [[nodiscard]] bool is_open(MessageId id) const;
  [[nodiscard]] std::string fate_of(MessageId id) const;
  void remove(MessageId id, std::string fate);

  [[nodiscard]] DeskLine read_command(std::string_view line) const;
  [[nodiscard]] DeskLine read_numbered(std::string_view line) const;
  [[nodiscard]] DeskLine answer(MessageId id, std::string_view text) const;
  [[nodiscard]] DeskLine answer_target(std::string_view text) const;
  [[nodiscard]] DeskLine with_id(DeskLine::Kind kind, std::string_view arguments) const;
  [[nodiscard]] std::string how_to_say(std::string_view text) const;

  Time now_;
  std::map<MessageId, Waiting> waiting_;
  std::size_t answering_ = 0;
  std::map<MessageId, std::string> fates_;  ///< of those that wait no more, the last ones
  std::optional<MessageId> target_;         ///< what Enter answers
  std::optional<MessageId> named_;          ///< by a number at the start of what is typed
  bool command_ = false;                    ///< what is typed begins with '/'
  bool typing_ = false;
};

}  // namespace reactord::cli
