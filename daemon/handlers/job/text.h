// SPDX-License-Identifier: MIT
// The settings of TEXT: who answers, with what, and at which level messages are logged. The command
// itself is in text.cpp.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "config/schema.h"
#include "daemon/handlers/job/text_template.h"
#include "daemon/interface/handler.h"

namespace reactord {

enum class TextMode : std::uint8_t {
  text_template,  ///< answer from TextSettings::reply
  human,          ///< wait for a person (operator_desk.h)
};
template <>
struct EnumWords<TextMode> {
  static constexpr std::array kWords{EnumWord<TextMode>{"template", TextMode::text_template},
                                     EnumWord<TextMode>{"operator", TextMode::human}};
};

template <>
struct EnumWords<HandlerLogLevel> {
  static constexpr std::array kWords{
      EnumWord<HandlerLogLevel>{"off", HandlerLogLevel::off},
      EnumWord<HandlerLogLevel>{"debug", HandlerLogLevel::debug},
      EnumWord<HandlerLogLevel>{"info", HandlerLogLevel::info},
      EnumWord<HandlerLogLevel>{"warning", HandlerLogLevel::warning}};
};

struct TextSettings {
  TextMode mode = TextMode::text_template;
  TextTemplate reply;
  HandlerLogLevel log_level = HandlerLogLevel::info;
  /// Long enough to be looked up, short enough that a client does not wait for somebody at lunch.
  std::chrono::milliseconds operator_timeout = std::chrono::minutes(5);
  /// An error where it begins with "ERR ".
  TextTemplate operator_fallback{"ERR no operator answered; try again later"};
  /// More than a few people can answer; each is up to 64 KiB (OperatorDesk::kMaxMessageBytes).
  std::int64_t operator_max_waiting = 1000;
};

}  // namespace reactord
