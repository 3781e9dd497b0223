// SPDX-License-Identifier: MIT
// What a handler owes for a request: exactly one whole reply, at once or promised. Says in words
// what a handler did instead. The daemon and the handlers' unit tests judge by it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/dispatch/handler_guard.h"
#include "daemon/interface/handler.h"
#include "protocol/reply_writer.h"

namespace reactord {

/// What became of the promise of one call, by defer() or produce(), when the call returned.
enum class PromiseState : std::uint8_t {
  none,     ///< nothing was promised
  open,     ///< the reply comes later
  kept,     ///< the reply was given within the call
  dropped,  ///< the promise was let go within the call, without a reply
};

/// "nothing", "2 replies", "an array of 3 with 1 element".
[[nodiscard]] std::string describe_written(const ReplyWriter& writer);

/// The rule that a call of handle() has broken.
[[nodiscard]] std::optional<Breach> find_breach(HandlerResult result, PromiseState promise,
                                                const ReplyWriter& writer);

/// The same for a producer's whole reply, and for what complete() wrote.
[[nodiscard]] std::optional<Breach> find_breach(const ReplyWriter& writer);
/// The same for a push that took so many bytes.
[[nodiscard]] std::optional<Breach> find_push_breach(const ReplyWriter& writer, std::size_t bytes);

}  // namespace reactord
