// SPDX-License-Identifier: MIT
// What a server tells an operator, out of its replies and pushes: messages that wait, and what
// becomes of them. Believes no shape of a reply unseen; knows no connection and no screen.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/replies/reply.h"

namespace reactord::cli {

using MessageId = std::uint64_t;

/// A client's message that waits for a person's answer. Its texts are as the client sent them.
struct WaitingMessage {
  MessageId id = 0;
  std::string peer;
  bool finished = false;  ///< the client sends no more, but waits for this answer
  std::chrono::milliseconds waited{0};
  std::uint64_t bytes = 0;  ///< of the whole text, of which `text` may be the beginning
  std::string text;
};

struct AttachedOperator {
  std::string name;
  std::uint64_t answered = 0;
  std::uint64_t dropped = 0;  ///< pushes that were not sent: it reads too slowly
};

/// OPERATOR LIST.
struct DeskList {
  std::string mode;
  std::vector<AttachedOperator> operators;
  std::vector<WaitingMessage> waiting;  ///< the oldest first
};

/// A push frame "operator ...".
struct DeskEvent {
  enum class Kind : std::uint8_t {
    message,    ///< a new one
    finished,   ///< its client has sent all it will
    gone,       ///< its client has gone
    answered,   ///< by another operator
    rejected,   ///< by another operator
    expired,    ///< nobody answered in time
    uncertain,  ///< the answer met a reset: whether it arrived is not known
    joined,
    left,
    dropped,  ///< `count` events were not sent
    mode,
  };

  Kind kind = Kind::message;
  WaitingMessage message;   ///< of `message`; of others only its id
  std::string name;         ///< by whom, who, or the mode
  std::uint64_t count = 0;  ///< of `dropped`
};

/// Nothing for another push than an operator's, or one of a shape that is not known.
[[nodiscard]] std::optional<DeskEvent> read_desk_event(const Reply& push);
[[nodiscard]] std::optional<DeskList> read_desk_list(const Reply& reply);
/// OPERATOR LIST with an id.
[[nodiscard]] std::optional<WaitingMessage> read_waiting_message(const Reply& reply);

}  // namespace reactord::cli
