// SPDX-License-Identifier: MIT
// What comes of one step of somebody on the way to a connection (arrivals.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "daemon/log/events.h"

namespace reactord {

/// Why somebody may not come in: for the log, and for the client.
struct Refusal {
  Event why;
  std::string error;         ///< code and text of the reply; none is sent where it is empty
  std::string problem = {};  ///< the {problem} of the event, if it has one
};

struct StageStep {
  enum class Status : std::uint8_t {
    waiting,     ///< for more from the other side, of which an event will tell
    working,     ///< the same, or a thread beside the loop has it; whoever ends it tells
    unfinished,  ///< its share is used up, and there may be more to do
    done,
    refused,
  };
  Status status = Status::waiting;
  std::size_t bytes = 0;  ///< that it has taken
  Refusal refusal = {};   ///< where it is refused
};

}  // namespace reactord
