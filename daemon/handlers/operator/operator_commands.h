// SPDX-License-Identifier: MIT
// OPERATOR JOIN|LEAVE|LIST|REPLY|REJECT: what a person at the server, or a program in their place,
// says to the desk. Knows the commands' syntax and replies; what they do is operator_desk.h.
#pragma once

#include <string_view>

#include "daemon/handlers/operator/operator_desk.h"
#include "daemon/interface/handler.h"

namespace reactord {

/// The declaration, for a handler's commands().
[[nodiscard]] const CommandSpec& operator_command();

/// Answers one of its subcommands. `mode` is how TEXT is answered now ("operator"), for JOIN and
/// LIST.
[[nodiscard]] HandlerResult handle_operator(OperatorDesk& desk, std::string_view mode,
                                            const Request& request, ReplyWriter& reply,
                                            HandlerContext& context);

}  // namespace reactord
