// SPDX-License-Identifier: MIT
// What an operator sees, as text: for a terminal, for a pipe (a line an event, the words that the
// server's plain pushes have), or as JSON (an object an event). Whole lines, safe for where they
// go. Writes nowhere but to strings.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "tools/reactor-cli/operator/desk_events.h"

namespace reactord::cli {

/// Of a list, on a terminal: about a screen. What is beyond is shown when its turn comes.
constexpr std::size_t kMaxListed = 20;

enum class DeskForm : std::uint8_t { terminal, plain, json };

struct DeskStyle {
  DeskForm form = DeskForm::plain;
  bool color = false;       ///< of the form terminal
  bool ascii_only = false;  ///< of the form json: where it goes to a terminal
};

/// A message that waits: a new one, or one that waited before. On a terminal only the beginning of
/// a long one, unless it is `whole`.
[[nodiscard]] std::string message_text(const WaitingMessage& message, DeskStyle style,
                                       bool whole = false);
/// The form terminal alone: that `count` more wait, which are not shown yet; "" for none.
[[nodiscard]] std::string more_text(std::size_t count, DeskStyle style);
/// `own_name` tells what this operator did from what others did.
[[nodiscard]] std::string event_text(const DeskEvent& event, std::string_view own_name,
                                     DeskStyle style);
/// One that was found to wait no more, how it ended being unknown.
[[nodiscard]] std::string vanished_text(MessageId id, DeskStyle style);
[[nodiscard]] std::string list_text(const DeskList& list, std::string_view own_name,
                                    DeskStyle style);
/// The form json alone: an error, of a message if `id` is not 0.
[[nodiscard]] std::string error_json(MessageId id, std::string_view error, DeskStyle style);

/// "0s", "59s", "3m05s", "1h02m", "2d03h".
[[nodiscard]] std::string format_age(std::chrono::milliseconds age);

}  // namespace reactord::cli
