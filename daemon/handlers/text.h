// SPDX-License-Identifier: MIT
// The settings of TEXT: who answers, with what, and at which level messages are logged. The command
// itself is in text.cpp.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "config/schema.h"
#include "daemon/handlers/handler.h"
#include "daemon/handlers/text_template.h"

namespace reactord {

enum class TextMode : std::uint8_t {
  text_template,  ///< answer from TextSettings::reply
};
template <>
struct EnumWords<TextMode> {
  static constexpr std::array kWords{EnumWord<TextMode>{"template", TextMode::text_template}};
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
};

}  // namespace reactord
