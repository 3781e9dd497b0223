// SPDX-License-Identifier: MIT
// One question and its answer, for who watches a server: whatever is pushed meanwhile is dropped.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tools/reactor-cli/figures/figures.h"
#include "tools/reactor-cli/net/session.h"

namespace reactord::cli {

using Words = std::span<const std::string_view>;

/// Throws Failure as Session does.
[[nodiscard]] Reply ask(Session& session, Words words, std::chrono::milliseconds timeout);

/// The answer as text; nothing where the server refuses, or answers otherwise.
[[nodiscard]] std::optional<std::string> ask_text(Session& session, Words words,
                                                  std::chrono::milliseconds timeout);

/// INFO's figures. Throws Failure (server_error) where the server refuses.
[[nodiscard]] Figures ask_info(Session& session, std::chrono::milliseconds timeout);
/// Those of INFO commandstats; none where the server refuses.
[[nodiscard]] Figures ask_command_stats(Session& session, std::chrono::milliseconds timeout);
/// Nothing until a time; Ctrl-C is Interrupted (interrupt.h).
void wait_until(Session& session, Clock::time_point when);

}  // namespace reactord::cli
