// SPDX-License-Identifier: MIT
// Runs a conversation: at a terminal, with text appearing above the line being typed; or in a pipe,
// line by line. Knows nothing of what is said.
#pragma once

#include <functional>
#include <memory>

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/operator/conversation.h"
#include "tools/reactor-cli/output/output.h"

namespace reactord::cli {

using MakeConversation = std::function<std::unique_ptr<Conversation>(Screen&)>;

/// Runs it to its end. At a terminal (standard input and output) a lost connection is told, and the
/// next line may make another; in a pipe it is thrown: Failure, OutputClosed.
[[nodiscard]] ExitCode run_console(const MakeConversation& make, Output& output);

}  // namespace reactord::cli
